import type { RemotingServer } from '../../net/remoting-server.ts'

/** Where handlers are registered: a server, or a test's table. */
export type HandlerRegistry = Pick<RemotingServer, 'handle'>
