import type { Plan } from '../../plan/plan.ts'
import type { ClusterProbe } from './cluster-probe.ts'
import { nodeAddress } from './node-health.ts'

/** Creates the topics and consumer groups of the plan on the masters; repeating it changes nothing. */
export async function createTopicsAndGroups(probe: ClusterProbe, plan: Plan): Promise<void> {
  const masters = new Map<string, string>()
  for (const node of plan.nodes) {
    if (node.kind === 'broker' && node.brokerId === 0) masters.set(node.group, nodeAddress(node))
  }
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
