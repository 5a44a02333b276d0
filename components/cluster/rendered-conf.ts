import type { PlanNode } from '../plan/plan-node.ts'

/** A conf file as a node would be started with. */
export interface RenderedConf {
  /** Id of the node. */
  node: string
  /** Name of the host it is planned on. */
  host: string
  /** Absolute path of the file there. */
  path: string
  /** Its text. */
  text: string
}

export const renderedConf = ({ id, host, confFile }: PlanNode): RenderedConf => ({ node: id, host, ...confFile })
