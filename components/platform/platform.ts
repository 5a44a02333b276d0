import type { Plan } from '../plan/plan.ts'

export type NodePhase = 'waiting' | 'starting' | 'healthy' | 'restarting' | 'stopping' | 'stopped'

/** A node as a platform runs it. */
export interface NodeHandle {
  readonly id: string
  /** `host:port` where the other nodes reach it. */
  readonly address: string
  readonly phase: NodePhase
}

/** Where nodes run: takes the nodes of a plan, gives back where to reach them. */
export interface Platform {
  /** Starts the nodes of the plan in its order and creates its topics and groups. Resolves when all is healthy. */
  bringUp(plan: Plan): Promise<readonly NodeHandle[]>
  /** Stops every node in reverse order. Data stays. */
  takeDown(): Promise<void>
}
