import type { Broker } from '../broker/broker.ts'

/**
 * The modules of a broker, in pieces that each take some milliseconds to load: between them the event loop turns, and
 * requests that come meanwhile are passed on (see {@link ../broker/door/door.ts}). As one piece they take a tenth of a
 * second, and on a busy machine a whole one. A piece that is missing here costs time, no more: what is left is loaded
 * with the last one.
 */
const PIECES: readonly (() => Promise<unknown>)[] = [
  () => import('../codec/message/message-ext.ts'),
  () => import('../store/commit-log/commit-log.ts'),
  () => import('../store/consume-queue/consume-queue-table.ts'),
  () => import('../store/recovery/recover.ts'),
  () => import('../store/index/index-service.ts'),
  () => import('../store/compaction/compaction-store.ts'),
  () => import('../store/cleaning/store-cleaner.ts'),
  () => import('../store/message-store.ts'),
  () => import('../replication/auto-switch/auto-switch-replication.ts'),
  () => import('../broker/topics/topic-table.ts'),
  () => import('../broker/filter/consumer-filters.ts'),
  () => import('../broker/offsets/consumer-offsets.ts'),
  () => import('../broker/static-topics/topic-queue-mapping-table.ts'),
  () => import('../broker/broker-tables.ts'),
  () => import('../store/timer/timer-store.ts'),
  () => import('../broker/replicas/controller-mode.ts'),
  () => import('../broker/broker-replication.ts'),
  () => import('../broker/static-topics/mapping-cleaner.ts'),
  () => import('../broker/static-topics/other-brokers.ts'),
  () => import('../broker/send/send-handler.ts'),
  () => import('../broker/pull/pull-handler.ts'),
  () => import('../broker/clients/client-handlers.ts'),
  () => import('../broker/admin/group-admin.ts'),
  () => import('../broker/admin/admin-handlers.ts'),
  () => import('../broker/registration/registration.ts'),
  () => import('../broker/auth/broker-access.ts'),
  () => import('../broker/pop/revive.ts'),
  () => import('../broker/pop/pop-handler.ts'),
  () => import('../broker/pop/pop-handlers.ts'),
  () => import('../broker/lite/lite.ts'),
  () => import('../broker/lite/lite-handlers.ts'),
  () => import('../broker/offsets/offset-handlers.ts'),
  () => import('../broker/query/query-handlers.ts'),
  () => import('../broker/broker-services.ts'),
  () => import('../broker/transaction/transactions.ts'),
  () => import('../broker/timer/make-timers.ts'),
  () => import('../broker/delay/escaping-delivery.ts'),
  () => import('../broker/acks/acknowledgements.ts'),
  () => import('../broker/pop/pop.ts'),
  () => import('../broker/topics/kept-messages-fetch.ts'),
  () => import('../broker/broker-parts.ts'),
]

/** Loads the broker while the event loop goes on turning. */
export async function loadBroker(): Promise<typeof Broker> {
  for (const load of PIECES) {
    await load()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (await import('../broker/broker.ts')).Broker
}
