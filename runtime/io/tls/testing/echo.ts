import type { Listener, Network } from '../../network.ts'

const BUFFER_BYTES = 1000

/** Listens on a free loopback port and sends back what it gets. */
export function listenToEcho(network: Network): Promise<Listener> {
  return network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    const buffer = Buffer.alloc(BUFFER_BYTES)
    return {
      readBuffer: () => buffer,
      received: (count) => void connection.write(Buffer.from(buffer.subarray(0, count))),
      drained: () => undefined,
      closed: () => undefined,
    }
  })
}
