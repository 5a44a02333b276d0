import { createServer } from 'node:net'
import type { PlanNode } from '../../plan/plan-node.ts'

/** A port some node needs and somebody else has. */
export interface PortClash {
  readonly nodeId: string
  readonly address: string
  readonly port: number
  readonly purpose: string
  readonly reason: string
}

/** Ports are taken before anything was started. The message names each, its node and what to do. */
export class PortsTakenError extends Error {
  readonly code = 'PORTS_TAKEN'
  readonly clashes: readonly PortClash[]

  constructor(clashes: readonly PortClash[]) {
    const lines = clashes.map(
      ({ nodeId, address, port, purpose, reason }) => `port ${port} of ${nodeId} (${purpose}) on ${address}: ${reason}`,
    )
    super(`${lines.join('\n')}\nStop what uses them, or move all ports of this cluster with --base-port.`)
    this.name = 'PortsTakenError'
    this.clashes = clashes
  }
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'already in use'
  if (error.code === 'EADDRNOTAVAIL') return 'the address is not one of this machine'
  if (error.code === 'EACCES') return 'not allowed (ports below 1024 need privileges)'
  return error.message
}

/** Why the port cannot be listened on; undefined when it can. */
function tryListen(address: string | undefined, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(explain(error)))
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.close(() => resolve(undefined))
    })
  })
}

/** Tries every port of every node, without starting anything. @throws PortsTakenError naming all that are taken. */
export async function checkPortsFree(nodes: readonly PlanNode[]): Promise<void> {
  const tries = nodes.flatMap((node) =>
    node.ports.map(async ({ port, purpose }): Promise<PortClash[]> => {
      const reason = await tryListen(node.bindAddress, port)
      const address = node.bindAddress ?? 'all interfaces'
      return reason === undefined ? [] : [{ nodeId: node.id, address, port, purpose, reason }]
    }),
  )
  const clashes = (await Promise.all(tries)).flat()
  if (clashes.length > 0) throw new PortsTakenError(clashes)
}
