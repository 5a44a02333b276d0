import type { PerGroupInputs } from '../admin/per-group-id.ts'
import { perGroupImplementation } from '../admin/per-group-resource.ts'
import type { TopicSettings } from '../admin/put-requests.ts'

export interface TopicInputs extends PerGroupInputs {
  /** Queues on every broker group of the cluster; queuesPerGroup goes before it. */
  readonly queues?: number
  /** Queues on the broker groups named; the others get none. */
  readonly queuesPerGroup?: { readonly [group: string]: number }
  /** RocketMQ's permission bits: 4 read, 2 write. */
  readonly perm: number
  readonly order: boolean
}

function wanted({ queues, queuesPerGroup, perm, order }: TopicInputs, group: string): TopicSettings | undefined {
  const count = queuesPerGroup === undefined ? queues : queuesPerGroup[group]
  return count === undefined || count === 0 ? undefined : { readQueues: count, writeQueues: count, perm, order }
}

export const topicImplementation = perGroupImplementation<TopicInputs, TopicSettings>(
  {
    wanted,
    namedGroups: ({ queuesPerGroup = {} }) =>
      Object.keys(queuesPerGroup).filter((group) => queuesPerGroup[group] !== 0),
    find: (admin, master, name) => admin.topic(master, name),
    put: (admin, master, name, settings) => admin.putTopic(master, name, settings),
    remove: (admin, master, name) => admin.deleteTopic(master, name),
    removed: (admin, name) => admin.forgetTopic(name),
  },
  ['namesrvAddr', 'clusterName', 'name', 'groups', 'queues', 'queuesPerGroup', 'perm', 'order'],
)
