import { accepted, BYTES, flag, implemented, int, long, MS, PORT, SECONDS, text } from '../conf-key.ts'

/** NettyServerConfig; the name server has the same keys but for its port. */
export const serverKeys = {
  ...implemented({
    bindAddress: text(
      '0.0.0.0',
      'Address to listen on. Replication listens there too; in Apache RocketMQ on all addresses.',
    ),
    serverChannelMaxIdleTimeSeconds: int(120, 'A connection silent for this long is closed.', SECONDS),
    writeBufferHighWaterMark: int(
      0,
      'Unsent bytes from which a connection counts as slow; 0 for the built-in limit.',
      BYTES,
    ),
  }),
  ...accepted({
    serverWorkerThreads: int(8, 'Threads of the request pool.'),
    serverCallbackExecutorThreads: int(0, 'Threads of the callback pool.'),
    serverSelectorThreads: int(3, 'Threads that wait for sockets.'),
    serverOnewaySemaphoreValue: int(256, 'Oneway requests the server itself may have under way.'),
    serverAsyncSemaphoreValue: int(64, 'Asynchronous requests the server itself may have under way.'),
    serverNettyWorkerGroupEnable: flag(true, 'Separate threads for codecs and handlers.'),
    serverPooledByteBufAllocatorEnable: flag(true, 'Pooled buffers.'),
    useEpollNativeSelector: flag(false, 'Use epoll, not NIO.'),
    serverSocketSndBufSize: int(0, 'Send buffer of a socket; 0 leaves it to the system.', BYTES),
    serverSocketRcvBufSize: int(0, 'Receive buffer of a socket; 0 leaves it to the system.', BYTES),
    serverSocketBacklog: int(1024, 'Connections that may wait to be accepted.', { min: 1 }),
    writeBufferLowWaterMark: int(
      0,
      'Unsent bytes below which a slow connection counts as good again; 0 for the built-in limit.',
      BYTES,
    ),
    enableShutdownGracefully: flag(false, 'On stop, tell clients to go away and finish what is in hand.'),
    shutdownWaitTimeSeconds: int(30, 'How long a graceful stop may take.', SECONDS),
  }),
}

/** NettyClientConfig: the server's own connections to name servers, controllers and other brokers. */
export const clientKeys = {
  ...implemented({
    connectTimeoutMillis: int(3000, 'Longest wait for an outgoing connection.', MS),
  }),
  ...accepted({
    clientWorkerThreads: int(4, 'Threads for outgoing connections.'),
    clientCallbackExecutorThreads: int(2, 'Threads of the callback pool.'),
    clientOnewaySemaphoreValue: int(65535, 'Oneway requests under way at most.'),
    clientAsyncSemaphoreValue: int(65535, 'Asynchronous requests under way at most.'),
    channelNotActiveInterval: long(60_000, 'Silence of a name server after which another is tried.', MS),
    scanAvailableNameSrv: flag(true, 'Look for reachable name servers at intervals.'),
    isScanAvailableNameSrv: flag(true, 'The same, as a file saved by Apache RocketMQ names it.'),
    clientSocketSndBufSize: int(0, 'Send buffer of an outgoing socket.', BYTES),
    clientSocketRcvBufSize: int(0, 'Receive buffer of an outgoing socket.', BYTES),
    clientPooledByteBufAllocatorEnable: flag(false, 'Pooled buffers.'),
    useTLS: flag(false, 'TLS on outgoing connections.'),
    socksProxyConfig: text('{}', 'SOCKS proxies for outgoing connections, as JSON.'),
    disableCallbackExecutor: flag(false, 'Run callbacks on the socket threads.'),
    disableNettyWorkerGroup: flag(false, 'Run handlers on the socket threads.'),
    maxReconnectIntervalTimeSeconds: long(60, 'Longest pause before a reconnect.', SECONDS),
    enableReconnectForGoAway: flag(true, 'Reconnect when the other side says GO_AWAY.'),
    clientChannelMaxIdleTimeSeconds: int(120, 'An outgoing connection silent for this long is closed.', SECONDS),
    clientCloseSocketIfTimeout: flag(true, 'Close an outgoing connection on which a request timed out.'),
  }),
}

export const network = {
  title: 'Network',
  about: 'Ports and connections. The port two below listenPort serves as the fast port.',
  keys: {
    ...implemented({ listenPort: int(10911, 'Port for clients and other brokers; 0 for any free one.', PORT) }),
    ...serverKeys,
    ...clientKeys,
  },
}
