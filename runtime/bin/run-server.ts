import { flushCompileCache } from 'node:module'
import type { Logger } from '../observe/logger.ts'

/** Exit codes: what a supervisor needs to know of why a server ended. */
export const EXIT_CANNOT_START = 1
/** A bug: restart. */
export const EXIT_CRASHED = 70

export interface RunningServer {
  /** Stops in an orderly way: what was acknowledged is kept, who must know is told. */
  stop(): void | Promise<void>
}

/**
 * Runs a server until SIGTERM or SIGINT, then stops it and exits with 0; a signal during the start counts once it has
 * started. A second one ends the process at once. An error at the start is one line on standard error; an uncaught one
 * later is logged with its trace.
 */
export async function runServer(name: string, logger: Logger, start: () => Promise<RunningServer>): Promise<void> {
  process.on('uncaughtException', (error) => {
    logger.error({ err: error }, 'uncaught error, the server ends')
    process.exit(EXIT_CRASHED)
  })
  let server: RunningServer | undefined
  let signal: NodeJS.Signals | undefined
  const onSignal = (received: NodeJS.Signals): void => {
    if (signal !== undefined) process.exit(EXIT_CANNOT_START)
    signal = received
    if (server) stop(server, logger, received)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    server = await start()
  } catch (error) {
    cannotStart(name, (error as Error).message)
  }
  // Node writes the compile cache when it exits: a server that is killed would never leave one.
  flushCompileCache()
  if (signal !== undefined) stop(server, logger, signal)
}

async function stop(server: RunningServer, logger: Logger, signal: NodeJS.Signals): Promise<void> {
  logger.info({ signal }, 'stopping')
  try {
    await server.stop()
  } catch (error) {
    logger.error({ err: error }, 'the stop was not orderly')
    process.exit(EXIT_CRASHED)
  }
  process.exit(0)
}

/** Says why on standard error and exits with 1. */
export function cannotStart(name: string, ...problems: readonly string[]): never {
  for (const problem of problems) process.stderr.write(`${name}: ${problem}\n`)
  process.exit(EXIT_CANNOT_START)
}
