import { readFileSync } from 'node:fs'
import { drawPlan } from '../drawing/plan-drawing.ts'
import { planCluster } from '../plan.ts'
import { parseStackFile } from '../stack-file.ts'

/** Stacks that have a page in docs/topologies. */
export const topologies = [
  'single-master',
  '2m-noslave',
  '2m-2s-async',
  '2m-2s-sync',
  'controller-embedded',
  'controller-standalone',
  'docker-two-hosts',
  'aws-dev',
  'aws-prod',
] as const

export const topologyFolder = new URL('../../../docs/topologies/', import.meta.url)

/** What docs/topologies/<stack>.svg is to hold. */
export const topologyDrawing = (stack: string): string => {
  const config = parseStackFile(readFileSync(new URL(`../../../stacks/Pulumi.${stack}.yaml`, import.meta.url), 'utf8'))
  // Where the files of nodes are is not drawn.
  return drawPlan(planCluster(config, { localDataDir: '/' }), config)
}
