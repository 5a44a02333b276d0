import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { isServing } from './is-serving.ts'

let server: Server | undefined

afterEach(() => server?.close())

/** Whether a server that does this when it is asked counts as one. */
async function counts(answer: (socket: Socket) => void): Promise<boolean> {
  const made = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return isServing(new RealNetwork(), `127.0.0.1:${(made.address() as { port: number }).port}`, 300)
}

it('whoever answers in frames is there, also in pieces', async () => {
  const answer = Buffer.from([0, 0, 0, 12, 0, 0, 0, 8])
  expect(await counts((socket) => socket.write(answer))).toBe(true)
  server?.close()
  const inPieces = (socket: Socket) => {
    socket.write(answer.subarray(0, 3))
    setTimeout(() => socket.write(answer.subarray(3)), 20)
  }
  expect(await counts(inPieces)).toBe(true)
})

it('so is who hangs up or says nothing: it may be waiting for TLS', async () => {
  expect(await counts((socket) => socket.end())).toBe(true)
  server?.close()
  expect(await counts(() => {})).toBe(true)
})

it('who speaks something else is not, nor nobody', async () => {
  expect(await counts((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBe(false)
  const { port } = (server as Server).address() as { port: number }
  await new Promise((resolve) => server?.close(resolve))
  expect(await isServing(new RealNetwork(), `127.0.0.1:${port}`, 300)).toBe(false)
})
