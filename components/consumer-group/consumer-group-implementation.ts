import type { PerGroupInputs } from '../admin/per-group-id.ts'
import { perGroupImplementation } from '../admin/per-group-resource.ts'
import type { ConsumerGroupSettings } from '../admin/put-requests.ts'

export interface ConsumerGroupInputs extends PerGroupInputs, ConsumerGroupSettings {}

export const consumerGroupImplementation = perGroupImplementation<ConsumerGroupInputs, ConsumerGroupSettings>(
  {
    wanted: ({ orderly, broadcast, retryQueues, retryMaxTimes }) => ({
      orderly,
      broadcast,
      retryQueues,
      retryMaxTimes,
    }),
    namedGroups: () => [],
    find: (admin, master, name) => admin.consumerGroup(master, name),
    put: (admin, master, name, settings) => admin.putConsumerGroup(master, name, settings),
    remove: (admin, master, name) => admin.deleteConsumerGroup(master, name),
  },
  ['namesrvAddr', 'clusterName', 'name', 'groups', 'orderly', 'broadcast', 'retryQueues', 'retryMaxTimes'],
)
