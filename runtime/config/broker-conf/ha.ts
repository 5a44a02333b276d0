import {
  accepted,
  BYTES,
  derived,
  flag,
  implemented,
  int,
  LIVE,
  live,
  long,
  MS,
  oneOf,
  optionalText,
  PORT,
} from '../conf-key.ts'

export const ha = {
  title: 'Replication',
  about: 'Masters and slaves of a broker group.',
  keys: {
    ...implemented({
      brokerRole: oneOf(
        ['ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE'],
        'ASYNC_MASTER',
        'A SYNC_MASTER answers a producer when a slave has the message, an ASYNC_MASTER does not wait.',
        { liveAmong: ['ASYNC_MASTER', 'SYNC_MASTER'] },
      ),
      haListenPort: int(
        derived('listenPort + 1', (_, get) => portAfter(Number(get('listenPort')))),
        'Port on which a master serves its slaves; 0 for the default.',
        PORT,
      ),
      haMasterAddress: optionalText('Master to copy from, host:port; when not set, the name servers tell.'),
      haSendHeartbeatInterval: int(5000, 'How often master and slave send a sign of life.', { ...live(MS), min: 1 }),
      haHousekeepingInterval: int(20_000, 'A replication connection silent for this long is closed.', {
        ...live(MS),
        min: 1,
      }),
      haTransferBatchSize: int(32_768, 'Bytes of the commit log in one transfer at most.', { ...live(BYTES), min: 1 }),
      haMaxGapNotInSync: int(268_435_456, 'A slave further behind than this does not count as in sync.', live(BYTES)),
      slaveTimeout: int(3000, 'Longest wait for a slave before a send is answered FLUSH_SLAVE_TIMEOUT.', live(MS)),
      inSyncReplicas: int(1, 'Copies, the master included, that a SYNC_MASTER waits for.', { min: 1, live: true }),
      minInSyncReplicas: int(1, 'Controller mode: while fewer replicas than this are in sync, sends are refused.', {
        min: 1,
        live: true,
      }),
      allAckInSyncStateSet: flag(
        derived('enableControllerMode', (_, get) => get('enableControllerMode') === true),
        'Controller mode: a send is answered when every replica of the SyncStateSet has it. With false, and inSyncReplicas = 1, a change of masters may lose the last answered sends.',
        LIVE,
      ),
      haMaxTimeSlaveNotCatchup: long(
        15_000,
        'Controller mode: a replica that lags for longer leaves the SyncStateSet.',
        { ...live(MS), min: 100 },
      ),
      asyncLearner: flag(false, 'Controller mode: a replica that never joins the SyncStateSet.'),
      syncFromLastFile: flag(
        false,
        "Controller mode: an empty replica starts at the master's newest commit log file, not its oldest.",
      ),
      totalReplicas: int(1, 'Brokers in the group.', { min: 1, live: true }),
      slaveReadEnable: flag(false, 'Send consumers that read old messages to a slave.', LIVE),
      offsetCheckInSlave: flag(false, 'A slave corrects offsets outside what it holds, as a master does.', LIVE),
      syncMasterFlushOffsetWhenStartup: flag(
        false,
        'A slave that does not know yet what its master held when it started asks for it; shown by haStatus.',
      ),
    }),
    ...accepted({
      maxSlaveResendLength: long(268_435_456, 'Unused by Apache RocketMQ as well.', BYTES),
      diskFallRecorded: flag(true, 'Keep the lag between reads and the end of the log as a statistic.'),
      maxAsyncPutMessageRequests: int(5000, 'Sends that may wait for a slave.'),
      enableAutoInSyncReplicas: flag(
        false,
        'Lower inSyncReplicas, down to minInSyncReplicas, while replicas are missing.',
      ),
      haFlowControlEnable: flag(false, 'Limit the bytes a master sends its slaves.'),
      maxHaTransferByteInSecond: long(104_857_600, 'That limit.', { unit: 'bytes/s' }),
    }),
  },
}

/** 0 stays 0: any free port. */
function portAfter(port: number): number {
  return port === 0 ? 0 : port + 1
}
