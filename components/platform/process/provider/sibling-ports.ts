import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type PortClash, PortsTakenError } from '../port-check.ts'
import { isRunning } from '../process-identity.ts'
import { readProcessRecord } from './process-record.ts'

/*
 * When a group gets another replica, later slaves of the machine move to other ports, and the new one gets a port that one
 * of them still has: it waits until that one has moved.
 */

/** A broker also takes the ports from two below its listenPort to one above. */
const below = 2
const above = 1

function listenPortIn(folder: string): number | undefined {
  const confFile = readdirSync(folder).find((name) => name.endsWith('.conf'))
  const text = confFile === undefined ? '' : readFileSync(join(folder, confFile), 'utf8')
  const port = /^listenPort=(\d+)$/m.exec(text)?.[1]
  return port === undefined ? undefined : Number(port)
}

/** listenPorts of the nodes that run now and have their folders beside this one. */
function siblingPorts(dataDir: string): number[] {
  const parent = dirname(dataDir)
  if (!existsSync(parent)) return []
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.flatMap(({ name }) => {
    const folder = join(parent, name)
    const record = folder === dataDir ? undefined : readProcessRecord(folder)
    const port = record !== undefined && isRunning(record.process) ? listenPortIn(folder) : undefined
    return port === undefined ? [] : [port]
  })
}

function isOfSibling({ port }: PortClash, ports: readonly number[]): boolean {
  return ports.some((listenPort) => port >= listenPort - below && port <= listenPort + above)
}

/**
 * Checks until the ports of a node are free, as long as it is nodes of the same cluster that have them.
 * @param pause waits before the next look; false when it has been long enough
 * @throws PortsTakenError
 */
export async function untilPortsFree(
  dataDir: string,
  check: () => Promise<void>,
  pause: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (!(error instanceof PortsTakenError)) throw error
      const ports = siblingPorts(dataDir)
      if (!error.clashes.every((clash) => isOfSibling(clash, ports)) || !(await pause())) throw error
    }
  }
}
