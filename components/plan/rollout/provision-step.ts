import type { Plan, PlannedTopic } from '../plan.ts'
import type { RolloutRefusal, RolloutStep } from './rollout.ts'
import { noEffect } from './steps.ts'

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

const queuesOn = ({ queues }: Pick<PlannedTopic, 'queues'>, group: string): number =>
  queues.find((on) => on.group === group)?.count ?? 0

/** Whether a topic has to be created or changed on one of the groups that are there already. */
const isOpen = (topic: PlannedTopic, old: PlannedTopic | undefined, groups: ReadonlySet<string>): boolean => {
  const wanted = topic.queues.filter(({ group }) => groups.has(group))
  if (old === undefined) return wanted.length > 0
  if (topic.perm !== old.perm || topic.order !== old.order) return wanted.length > 0
  return wanted.some(({ group, count }) => count !== queuesOn(old, group))
}

/** What the config newly declares. @param groups those of both plans: new ones are seeded with all that is declared */
export const provision = (running: Plan, wanted: Plan, groups: ReadonlySet<string>): RolloutStep[] => {
  const oldTopics = new Map(running.topics.map((topic) => [topic.name, topic]))
  const oldGroups = new Map(running.consumerGroups.map((group) => [group.name, group]))
  const topics = wanted.topics.filter((topic) => isOpen(topic, oldTopics.get(topic.name), groups))
  const consumerGroups = wanted.consumerGroups.filter((group) => !isSame(group, oldGroups.get(group.name)))
  if (topics.length + consumerGroups.length === 0) return []
  const names = [...topics, ...consumerGroups].map(({ name }) => name).join(', ')
  const action = { kind: 'provision', topics, consumerGroups } as const
  return [{ id: 'provision', action, waits: [], effect: noEffect, reason: `declared: ${names}` }]
}

/** Queues that would be cut off with what is in them. */
export const cutQueues = (running: Plan, wanted: Plan): RolloutRefusal[] => {
  const oldTopics = new Map(running.topics.map((topic) => [topic.name, topic]))
  return wanted.topics.flatMap((topic) => {
    const old = oldTopics.get(topic.name)
    const cut = topic.queues.filter(({ group, count }) => old !== undefined && count < queuesOn(old, group))
    return cut.map(({ group, count }) => ({
      path: `topics[${topic.name}].queues`,
      reason:
        `${topic.name} has ${queuesOn(old!, group)} queues on ${group}, with ${count} nobody would read the last ones any ` +
        'more. Take their write permission away first and let consumers finish, or allow that what is left there is not read',
      allow: `queues:${topic.name}`,
    }))
  })
}

/** What is in the running cluster and not in the config any more stays: it may hold messages. */
export const leftDeclarations = (running: Plan, wanted: Plan): string[] => {
  const topics = new Set(wanted.topics.map(({ name }) => name))
  const groups = new Set(wanted.consumerGroups.map(({ name }) => name))
  const left = (what: string, name: string) =>
    `${what} ${name} is not in the config any more. It stays; mqadmin deletes it`
  return [
    ...running.topics.filter(({ name }) => !topics.has(name)).map(({ name }) => left('topic', name)),
    ...running.consumerGroups.filter(({ name }) => !groups.has(name)).map(({ name }) => left('consumer group', name)),
  ]
}
