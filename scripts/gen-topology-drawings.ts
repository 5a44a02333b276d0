/* Writes docs/topologies/*.svg: each topology as `gantry plan STACK --svg` draws it. */
import { writeFileSync } from 'node:fs'
import { topologies, topologyDrawing, topologyFolder } from '../components/plan/testing/topology-drawings.ts'

for (const stack of topologies) writeFileSync(new URL(`${stack}.svg`, topologyFolder), topologyDrawing(stack))
