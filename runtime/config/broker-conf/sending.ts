import { accepted, BYTES, flag, implemented, int, LIVE, live, long, MS } from '../conf-key.ts'

export const sending = {
  title: 'Sending',
  about: 'What producers may send, and when the broker answers busy.',
  keys: {
    ...implemented({
      maxMessageSize: int(4_194_304, 'Largest message.', { ...live(BYTES), min: 1 }),
      maxMsgsNumBatch: int(64, 'Messages a query for message ids returns at most.', { min: 1, live: true }),
      sendThreadPoolQueueCapacity: int(10_000, 'Sends that may wait.', { min: 1, live: true }),
      startAcceptSendRequestTimeStamp: long(0, 'Refuse messages until this time, in ms since 1970.', LIVE),
      rejectTransactionMessage: flag(false, 'Refuse transactional messages.', LIVE),
      storeReplyMessageEnable: flag(true, 'Store a copy of each reply of request-reply calls.', LIVE),
      enableBroadcastOffsetStore: flag(
        true,
        'The broker keeps offsets of broadcasting consumers behind a proxy.',
        LIVE,
      ),
      broadcastOffsetExpireSecond: long(120, 'How long after the consumer has gone.', {
        unit: 's',
        min: 0,
        live: true,
      }),
      broadcastOffsetExpireMaxSecond: long(300, 'How long after its last pull at most.', {
        unit: 's',
        min: 0,
        live: true,
      }),
    }),
    ...accepted({
      putMsgIndexHightWater: int(600_000, 'Unused by Apache RocketMQ as well.'),
      asyncSendEnable: flag(true, 'Free the thread while a send waits.'),
      enableNetWorkFlowControl: flag(false, 'Flow control by unsent bytes.'),
      waitTimeMillsInPullQueue: long(5000, 'A pull that waited longer is answered busy.', MS),
      waitTimeMillsInSendQueue: long(200, 'A send that waited longer is answered busy.', MS),
      enableRegisterProducer: flag(true, 'Remember producers, for checks of transactions and for listings.'),
      putMessageTimeout: int(8000, 'Longest time one send may take in all.', MS),
      brokerFastFailureEnable: flag(true, 'Answer busy rather than let requests wait.'),
    }),
  },
}

export const pools = {
  title: 'Thread pools',
  about: 'Sizes and queues of thread pools. The engine works on one event loop and has none.',
  keys: accepted({
    sendMessageThreadPoolNums: int(
      { shown: 'min(processors, 4)', from: (env) => Math.min(env.processors, 4) },
      'Threads for sends.',
    ),
    putMessageFutureThreadPoolNums: int(
      { shown: 'min(processors, 4)', from: (env) => Math.min(env.processors, 4) },
      'Threads that complete sends.',
    ),
    pullMessageThreadPoolNums: int(
      { shown: '16 + 2 x processors', from: (env) => 16 + 2 * env.processors },
      'Threads for pulls.',
    ),
    litePullMessageThreadPoolNums: int(
      { shown: '16 + 2 x processors', from: (env) => 16 + 2 * env.processors },
      'Threads for lite pulls.',
    ),
    ackMessageThreadPoolNums: int(16, 'Threads for acks.'),
    processReplyMessageThreadPoolNums: int(
      { shown: '16 + 2 x processors', from: (env) => 16 + 2 * env.processors },
      'Threads for replies.',
    ),
    queryMessageThreadPoolNums: int(
      { shown: '8 + processors', from: (env) => 8 + env.processors },
      'Threads for queries.',
    ),
    adminBrokerThreadPoolNums: int(16, 'Threads for administration.'),
    clientManageThreadPoolNums: int(32, 'Threads for client management.'),
    consumerManageThreadPoolNums: int(32, 'Threads for consumer management.'),
    loadBalanceProcessorThreadPoolNums: int(32, 'Threads for server-side load balancing.'),
    heartbeatThreadPoolNums: int(
      { shown: 'min(processors, 32)', from: (env) => Math.min(env.processors, 32) },
      'Threads for heartbeats.',
    ),
    endTransactionThreadPoolNums: int(
      {
        shown: 'max(8 + 2 x processors, 4 x min(processors, 4))',
        from: (env) => Math.max(8 + 2 * env.processors, 4 * Math.min(env.processors, 4)),
      },
      'Threads that end transactions.',
    ),
    putThreadPoolQueueCapacity: int(10_000, 'Completions that may wait.'),
    litePullThreadPoolQueueCapacity: int(100_000, 'Lite pulls that may wait.'),
    ackThreadPoolQueueCapacity: int(100_000, 'Acks that may wait.'),
    replyThreadPoolQueueCapacity: int(10_000, 'Replies that may wait.'),
    queryThreadPoolQueueCapacity: int(20_000, 'Queries that may wait.'),
    clientManagerThreadPoolQueueCapacity: int(1_000_000, 'Client management requests that may wait.'),
    consumerManagerThreadPoolQueueCapacity: int(1_000_000, 'Consumer management requests that may wait.'),
    heartbeatThreadPoolQueueCapacity: int(50_000, 'Heartbeats that may wait.'),
    endTransactionPoolQueueCapacity: int(100_000, 'Ends of transactions that may wait.'),
    adminBrokerThreadPoolQueueCapacity: int(10_000, 'Administration requests that may wait.'),
    loadBalanceThreadPoolQueueCapacity: int(100_000, 'Load balancing requests that may wait.'),
    waitTimeMillsInLitePullQueue: long(5000, 'A lite pull that waited longer is answered busy.', MS),
    waitTimeMillsInHeartbeatQueue: long(31_000, 'A heartbeat that waited longer is answered busy.', MS),
    waitTimeMillsInTransactionQueue: long(3000, 'An end of transaction that waited longer is answered busy.', MS),
    waitTimeMillsInAckQueue: long(3000, 'An ack that waited longer is answered busy.', MS),
    waitTimeMillsInAdminBrokerQueue: long(5000, 'An administration request that waited longer is answered busy.', MS),
  }),
}
