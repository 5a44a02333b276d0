import { afterEach, expect, test } from 'vitest'
import type { RemotingCommand } from '../codec/remoting/remoting-command.ts'
import { RequestError } from '../codec/remoting/request-error.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealNetwork } from '../io/real-network.ts'
import { createNetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import { silentLogger } from '../observe/logger.ts'
import { MetadataSync } from './metadata-sync.ts'

const TOPICS = 21
const OFFSETS = 43

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

test('each table is taken in when it changed, and one that fails leaves the others alone', async () => {
  const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger)
  const server = new RemotingServer(context, { idleTimeoutMs: 60_000 })
  let topics = 'v1'
  let broken = true
  server.handle(TOPICS, () => ({ code: 0, body: Buffer.from(topics) }))
  server.handle(OFFSETS, () => {
    if (broken) throw new RequestError(ResponseCode.SYSTEM_ERROR, 'no offsets today')
    return { code: 0, body: Buffer.from('{}') }
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
  opened.push(client, server)

  const taken: string[] = []
  let firstTaken = (): void => {}
  const first = new Promise<void>((resolve) => {
    firstTaken = resolve
  })
  const warnings: object[] = []
  const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) }
  const sync = new MetadataSync(context.clock, client, logger, [
    { code: OFFSETS, apply: (body) => taken.push(`offsets ${body}`) > 0 },
    {
      code: TOPICS,
      apply: (body) => {
        taken.push(`topics ${body}`)
        firstTaken()
        return true
      },
    },
  ])
  sync.setMaster(`127.0.0.1:${port}`)
  await first
  await new Promise(setImmediate)
  await sync.round()
  expect(taken).toEqual(['topics v1'])
  expect(warnings.length).toBe(1)
  topics = 'v2'
  broken = false
  await sync.round()
  await sync.round()
  expect(taken).toEqual(['topics v1', 'offsets {}', 'topics v2'])
})

test('what could not be taken in as a whole is taken in again, though it has not changed', async () => {
  const body = Buffer.from('{}')
  const answer = { code: ResponseCode.SUCCESS, remark: undefined, body } as unknown as RemotingCommand
  const tries: boolean[] = []
  const source = { code: OFFSETS, apply: () => tries.push(tries.length > 0) > 0 && tries.length > 1 }
  const sync = new MetadataSync(new RealClock(), { invoke: () => Promise.resolve(answer) }, silentLogger, [source])
  sync.setMaster('10.0.0.1:10911')
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate)
    await sync.round()
  }
  expect(tries).toEqual([false, true])
})
