import { connect } from 'node:net'
import type { Random } from '../../runtime/io/random.ts'
import { mutate } from './mutate.ts'

/** How many mutated frames one connection carries before the next: the first malformed one closes it anyway. */
const FRAMES_PER_CONNECTION = 20
const CONNECTION_LIMIT_MS = 5_000

/** Sends `count` mutated frames to a live port, a few per connection, and waits until the port has taken or refused each. */
export async function fuzzPort(port: number, frames: readonly Buffer[], count: number, random: Random): Promise<void> {
  for (let sent = 0; sent < count; sent += FRAMES_PER_CONNECTION) {
    const bytes: Buffer[] = []
    for (let i = 0; i < FRAMES_PER_CONNECTION; i++) bytes.push(mutate(frames[random.below(frames.length)]!, random))
    await sendAndHangUp(port, Buffer.concat(bytes), random.below(4) === 0)
  }
}

/** `abruptly`: with a reset instead of an orderly end. */
function sendAndHangUp(port: number, bytes: Buffer, abruptly: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), CONNECTION_LIMIT_MS)
    socket.on('data', () => {})
    // The server may close at the first bad frame, with our bytes still under way.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.message === 'timeout')
        reject(new Error(`port ${port}: ${error.message}`))
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.write(bytes, () => {
      if (abruptly) socket.resetAndDestroy()
      else socket.end()
    })
  })
}
