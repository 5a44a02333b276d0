import { MASTER_ID } from '../../../runtime/codec/route/route-data.ts'
import type { Plan } from '../../plan/plan.ts'
import { isFixedMaster } from '../../plan/plan-node.ts'
import type { ClusterProbe } from '../health/cluster-probe.ts'
import { nodeAddress } from '../health/node-health.ts'

/** The master of each group: by the plan, or whoever was elected. */
async function currentMasters(probe: ClusterProbe, plan: Plan): Promise<Map<string, string>> {
  const masters = new Map<string, string>()
  for (const node of plan.nodes) {
    if (node.kind === 'broker' && isFixedMaster(node)) masters.set(node.group, nodeAddress(node))
  }
  const nameServer = plan.nodes.find((node) => node.kind === 'nameServer')
  if (plan.controllerAddr === '' || nameServer === undefined) return masters
  for (const [group, brokers] of await probe.brokerTable(nodeAddress(nameServer))) {
    const master = brokers.get(MASTER_ID)
    if (master !== undefined) masters.set(group, master)
  }
  return masters
}

/** Creates the topics and consumer groups of the plan on the masters; repeating it changes nothing. */
export async function createTopicsAndGroups(probe: ClusterProbe, plan: Plan): Promise<void> {
  const masters = await currentMasters(probe, plan)
  for (const topic of plan.topics) {
    for (const { group, count } of topic.queues) {
      const master = masters.get(group)
      if (master === undefined) throw new Error(`topic ${topic.name}: broker group ${group} has no master in the plan`)
      await probe.createTopic(master, topic, count)
    }
  }
  for (const group of plan.consumerGroups) {
    for (const master of masters.values()) await probe.createConsumerGroup(master, group)
  }
}
