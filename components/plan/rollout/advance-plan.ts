import { joinHostPort } from '../address.ts'
import { type Plan, type PlannedTopic, programsFor } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { controllerMember } from './controller-members.ts'
import { withKeysInUse } from './key-steps.ts'
import { formerId, type RolloutStep } from './rollout.ts'

const stageOf = (node: PlanNode): number => {
  if (node.kind === 'proxy') return 3
  if (node.kind !== 'broker') return 0
  return node.role === 'SLAVE' ? 2 : 1
}

const startOrderOf = (nodes: readonly PlanNode[]): string[][] =>
  [0, 1, 2, 3]
    .map((stage) => nodes.filter((node) => stageOf(node) === stage).map(({ id }) => id))
    .filter((stage) => stage.length > 0)

/** The plan with other nodes: what follows from them is worked out again. */
const withNodes = (plan: Plan, nodes: readonly PlanNode[]): Plan => {
  const sorted = nodes.toSorted((a, b) => stageOf(a) - stageOf(b))
  const nameServers = sorted.filter(({ kind }) => kind === 'nameServer')
  const controllers = sorted.flatMap((node) => controllerMember(node) ?? [])
  return {
    ...plan,
    nodes: sorted,
    startOrder: startOrderOf(sorted),
    namesrvAddr: nameServers.map((node) => joinHostPort(node.advertisedAddress, node.port)).join(';'),
    controllerAddr: controllers.map(({ address }) => address).join(';'),
  }
}

/** A node that is about to be started elsewhere under the same id goes on under its former one. */
const retire = (nodes: readonly PlanNode[], id: string): PlanNode[] =>
  nodes.map((node) => (node.id === id ? { ...node, id: formerId(id) } : node))

const withPrograms = (plan: Plan, wanted: Plan, id: string): Plan => ({
  ...plan,
  ownPrograms: { ...plan.ownPrograms, [id]: programsFor(wanted, id) },
})

/** A topic's queues on `groups` as wanted, on the others as they are. */
const mergeTopic = (old: PlannedTopic | undefined, topic: PlannedTopic, groups: ReadonlySet<string>): PlannedTopic => {
  const others = (old?.queues ?? []).filter(({ group }) => !groups.has(group))
  const theirs = topic.queues.filter(({ group }) => groups.has(group))
  return { ...topic, queues: [...others, ...theirs].toSorted((a, b) => (a.group < b.group ? -1 : 1)) }
}

const withTopics = (plan: Plan, topics: readonly PlannedTopic[], groups: ReadonlySet<string>): Plan => {
  const merged = new Map(plan.topics.map((topic) => [topic.name, topic]))
  for (const topic of topics) {
    if (topic.queues.some(({ group }) => groups.has(group))) {
      merged.set(topic.name, mergeTopic(merged.get(topic.name), topic, groups))
    }
  }
  return { ...plan, topics: [...merged.values()] }
}

/** The groups whose brokers a plan has. */
export const groupsOf = (plan: Plan): Set<string> =>
  new Set(plan.nodes.flatMap((node) => (node.kind === 'broker' ? [node.group] : [])))

/** The plan by which the cluster runs once a step of a rollout is done. */
export const advancePlan = (running: Plan, wanted: Plan, { action }: RolloutStep): Plan => {
  switch (action.kind) {
    case 'startNode': {
      const { node } = action
      return withPrograms(withNodes(running, [...retire(running.nodes, node.id), node]), wanted, node.id)
    }
    case 'restartNode': {
      const { node, from } = action
      const others = running.nodes.filter(({ id }) => id !== from.id && id !== node.id)
      return withPrograms(withNodes(running, [...others, node]), wanted, node.id)
    }
    case 'stopNode':
      return withNodes(
        running,
        running.nodes.filter(({ id }) => id !== action.node.id),
      )
    case 'changeLive':
      return withNodes(
        running,
        running.nodes.map((node) => (node.id === action.node.id ? action.node : node)),
      )
    case 'seedGroup':
      return withTopics(running, wanted.topics, new Set([action.group]))
    case 'provision': {
      const names = new Set(action.consumerGroups.map(({ name }) => name))
      const kept = running.consumerGroups.filter(({ name }) => !names.has(name))
      const plan = { ...running, consumerGroups: [...kept, ...action.consumerGroups] }
      return withTopics(plan, action.topics, groupsOf(wanted))
    }
    case 'adoptKeys':
      return withKeysInUse(running, action.generation)
    default:
      return running
  }
}
