import type { Plan } from '../components/plan/plan.ts'
import { isOwnAddress } from '../components/platform/process/own-address.ts'
import { UserError } from './user-error.ts'

/** @throws UserError when the plan places a node on another machine: processes can only be started on this one. */
export function checkAllLocal(plan: Plan, platform: 'process' | 'docker' | 'aws'): void {
  if (platform !== 'process') {
    throw new UserError(`this stack runs on ${platform}: use "pulumi up". "gantry up" starts local processes.`)
  }
  const remote = plan.nodes.filter((node) => !isOwnAddress(node.address))
  if (remote.length === 0) return
  const list = remote.map((node) => `${node.id} on host ${node.host} (${node.address})`).join(', ')
  throw new UserError(
    `this machine cannot run ${list}: "gantry up" starts local processes. Remove "hosts" from the stack to run it all here.`,
  )
}
