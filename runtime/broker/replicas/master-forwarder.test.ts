import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { viewOf } from '../../codec/bytes.ts'
import { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import {
  encodeCommand,
  type RequestDraft,
  type Response,
  requestCommand,
  responseCommand,
} from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import { silentLogger } from '../../observe/logger.ts'
import { MasterForwarder } from './master-forwarder.ts'

let clock: ManualClock
let master: string | undefined
let isHandingOver: boolean
let passedOn: (RequestDraft & { to: string })[]
let timeouts: number[]
let answers: Response[]
let handler: RequestHandler
const client = { respond: (_opaque: number, _type: SerializeType, response: Response) => void answers.push(response) }
const local: RequestHandler = (request) => ({
  code: ResponseCode.SUCCESS,
  remark: `here: ${request.body().toString()}`,
})

type Played = Response | Error

function forwarder(invoke: (to: string, request: RequestDraft) => Played | Promise<Played>): MasterForwarder {
  return new MasterForwarder({
    source: { master: () => master, isHandingOver: () => isHandingOver },
    invoke: async (to, request, timeoutMs) => {
      passedOn.push({ ...request, to })
      timeouts.push(timeoutMs)
      const answer = await invoke(to, request)
      if (answer instanceof Error) throw answer
      return responseCommand(answer, 1, SerializeType.JSON)
    },
    sendOneway: async (to, request) => void passedOn.push({ ...request, to }),
    clock,
    logger: silentLogger,
  })
}

/** A send; what the handler returns at once counts as its answer too. */
function send(fields: Record<string, string> = { b: 'T' }, oneway = false, body = Buffer.from('hi')): void {
  const bytes = encodeCommand(requestCommand({ code: RequestCode.SEND_MESSAGE_V2, fields, body }, 5, oneway))
  const view = new CommandView()
  view.parse(bytes, viewOf(bytes), 0, bytes.length - 4)
  const response = handler(view, client as unknown as Channel)
  if (response !== undefined && !(response instanceof Promise)) answers.push(response)
  // The receive buffer is used again for the next frame.
  bytes.fill(0)
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

beforeEach(() => {
  clock = new ManualClock(1000)
  master = '10.0.0.2:10911'
  isHandingOver = false
  passedOn = []
  timeouts = []
  answers = []
  handler = forwarder(() => ({ code: ResponseCode.SUCCESS, fields: { queueOffset: 7 } })).wrap(local)
})

test('the master serves its requests itself', () => {
  master = 'self'
  send()
  expect(answers).toEqual([{ code: ResponseCode.SUCCESS, remark: 'here: hi' }])
  expect(passedOn).toEqual([])
})

test('a replica passes a request on with its body and gives the answer back', async () => {
  send()
  await settle()
  expect(passedOn).toEqual([
    {
      to: '10.0.0.2:10911',
      code: RequestCode.SEND_MESSAGE_V2,
      fields: { b: 'T', __GANTRY_FORWARDED: true },
      isPassedOn: true,
      body: Buffer.from('hi'),
      serializeType: SerializeType.JSON,
    },
  ])
  expect(answers).toMatchObject([{ code: ResponseCode.SUCCESS, fields: { queueOffset: '7' } }])
})

test('a oneway request is passed on and nothing is answered', async () => {
  send({ b: 'T' }, true)
  await settle()
  expect(passedOn.length).toBe(1)
  expect(answers).toEqual([])
})

test('while the group has no master a request waits for one', async () => {
  master = undefined
  send()
  clock.advance(500)
  await settle()
  expect(answers).toEqual([])
  master = '10.0.0.3:10911'
  clock.advance(20)
  await settle()
  expect(passedOn.map(({ to }) => to)).toEqual(['10.0.0.3:10911'])
  expect(answers.length).toBe(1)
})

test('elected meanwhile, the replica serves what waited itself', async () => {
  master = undefined
  send()
  master = 'self'
  clock.advance(20)
  await settle()
  expect(answers).toEqual([{ code: ResponseCode.SUCCESS, remark: 'here: hi' }])
})

test('a new master is told at once to what waits', async () => {
  const forwards = forwarder(() => ({ code: ResponseCode.SUCCESS }))
  handler = forwards.wrap(local)
  master = undefined
  send()
  expect(forwards.count).toBe(1)
  master = '10.0.0.3:10911'
  forwards.wake()
  await settle()
  expect(passedOn.map(({ to }) => to)).toEqual(['10.0.0.3:10911'])
  expect([answers.length, forwards.count]).toEqual([1, 0])
})

test('while the role is handed over what a replica could serve waits as well', async () => {
  master = undefined
  isHandingOver = true
  handler = forwarder(() => ({ code: ResponseCode.SUCCESS })).wrap(local, true)
  send()
  await settle()
  expect(answers).toEqual([])
  master = '10.0.0.3:10911'
  clock.advance(20)
  await settle()
  expect(passedOn.length).toBe(1)
})

test('a client is told before it gives up itself that there is no master', async () => {
  master = undefined
  send()
  for (let i = 0; i < 300; i++) {
    clock.advance(10)
    await settle()
  }
  expect(answers).toEqual([
    { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: 'the broker group has no master at the moment' },
  ])
})

test('what another replica passed on is not passed on again', async () => {
  send({ b: 'T', __GANTRY_FORWARDED: 'true' })
  await settle()
  expect(passedOn).toEqual([])
  expect(answers).toMatchObject([{ code: ResponseCode.SERVICE_NOT_AVAILABLE }])
})

test('refusals and failures become answers that clients try again after', async () => {
  const refused = new InvocationError('connection', 'cannot connect to 10.0.0.2:10911')
  handler = forwarder(() => refused).wrap(local)
  send()
  for (let i = 0; i < 300; i++) {
    clock.advance(10)
    await settle()
  }
  expect(passedOn.length).toBeGreaterThan(50)
  master = 'self'
  handler = forwarder(() => refused).wrap(() => {
    throw new RequestError(ResponseCode.SYSTEM_BUSY, 'busy')
  })
  expect(() => send()).toThrow('busy')
  expect(answers).toEqual([
    { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: 'the master: cannot connect to 10.0.0.2:10911' },
  ])
})

test('a request that was under way when the connection broke is not passed on again: it may have been served', async () => {
  handler = forwarder(() => new InvocationError('lost', 'connection to 10.0.0.2:10911 was lost')).wrap(local)
  send()
  await settle()
  expect(passedOn.length).toBe(1)
  expect(answers).toEqual([
    { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: 'the master: connection to 10.0.0.2:10911 was lost' },
  ])
})

test('when the master dies its successor gets the request', async () => {
  handler = forwarder((to) =>
    to === '10.0.0.2:10911' ? new InvocationError('connection', 'refused') : { code: ResponseCode.SUCCESS },
  ).wrap(local)
  send()
  await settle()
  master = '10.0.0.3:10911'
  clock.advance(20)
  await settle()
  expect(passedOn.map(({ to }) => to)).toEqual(['10.0.0.2:10911', '10.0.0.3:10911'])
  expect(answers).toMatchObject([{ code: ResponseCode.SUCCESS }])
})

test('what a replica can serve as well it serves when there is no master in reach', async () => {
  handler = forwarder(() => new InvocationError('connection', 'lost')).wrap(local, true)
  send()
  await settle()
  master = undefined
  send()
  expect(answers).toEqual([
    { code: ResponseCode.SUCCESS, remark: 'here: hi' },
    { code: ResponseCode.SUCCESS, remark: 'here: hi' },
  ])
})

test('more than may wait is refused at once', async () => {
  master = undefined
  for (let i = 0; i < 10_001; i++) send()
  expect(answers).toEqual([{ code: ResponseCode.SYSTEM_BUSY, remark: '10000 requests wait for the master already' }])
})

test('more bytes than may wait are refused at once, and room is there again when they are gone', async () => {
  const forwards = forwarder(() => ({ code: ResponseCode.SUCCESS }))
  handler = forwards.wrap(local)
  master = undefined
  const body = Buffer.alloc(16 * 1024 * 1024)
  for (let i = 0; i < 5; i++) send({ b: 'T' }, false, body)
  expect(answers).toEqual([{ code: ResponseCode.SYSTEM_BUSY, remark: '4 requests wait for the master already' }])
  master = '10.0.0.3:10911'
  forwards.wake()
  await settle()
  expect([passedOn.length, forwards.count]).toEqual([4, 0])
  send({ b: 'T' }, false, body)
  await settle()
  expect(answers.map(({ code }) => code)).toEqual([ResponseCode.SYSTEM_BUSY, ...new Array(5).fill(0)])
})

test('a master that does not answer costs no more time than the client has, waiting for a master included', async () => {
  handler = forwarder(() => new InvocationError('timeout', 'no answer from 10.0.0.2:10911')).wrap(local)
  master = undefined
  send()
  clock.advance(1_000)
  master = '10.0.0.2:10911'
  clock.advance(20)
  await settle()
  expect(timeouts).toEqual([1_780])
  expect(answers).toEqual([
    { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: 'the master: no answer from 10.0.0.2:10911' },
  ])
  // It may have been served: nobody but the client may send it again.
  for (let i = 0; i < 300; i++) clock.advance(10)
  await settle()
  expect(passedOn.length).toBe(1)
})

test.each([2, 3])('%i replicas that take each other for the master do not play ball with a request', async (count) => {
  const hops: string[] = []
  const places = Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:10911`)
  const answersOf = (address: string, request: RequestDraft): Promise<Response> => {
    hops.push(address)
    return new Promise((resolve) => {
      const bytes = encodeCommand(requestCommand(request, 9, false))
      const view = new CommandView()
      view.parse(bytes, viewOf(bytes), 0, bytes.length - 4)
      const respond = (_opaque: number, _type: SerializeType, response: Response): void => resolve(response)
      void handlers.get(address)!(view, { respond } as unknown as Channel)
    })
  }
  const handlers = new Map(
    places.map((place, i) => {
      const next = places[(i + 1) % count]!
      const forwards = new MasterForwarder({
        source: { master: () => next, isHandingOver: () => false },
        invoke: async (to, request) => responseCommand(await answersOf(to, request), 1, SerializeType.JSON),
        sendOneway: async () => {},
        clock,
        logger: silentLogger,
      })
      return [place, forwards.wrap(local)] as const
    }),
  )
  handler = handlers.get(places[0]!)!
  send()
  await settle()
  expect(hops).toEqual([places[1]])
  const remark = 'this broker is not the master that another replica takes it for'
  expect(answers).toMatchObject([{ code: ResponseCode.SERVICE_NOT_AVAILABLE, remark }])
})

test('a broker that is being stopped passes nothing more on', () => {
  const forwards = forwarder(() => ({ code: ResponseCode.SUCCESS }))
  handler = forwards.wrap(local)
  forwards.refuse('this broker is being stopped')
  expect(() => send()).toThrow('this broker is being stopped')
  expect([passedOn.length, forwards.count]).toEqual([0, 0])
})

test('what nobody waits for any more leaves no timer behind', async () => {
  master = undefined
  send()
  expect(clock.timerCount).toBe(1)
  for (let i = 0; i < 300; i++) clock.advance(10)
  await settle()
  clock.advance(20)
  expect([answers.length, clock.timerCount]).toEqual([1, 0])
})

const held = { code: ResponseCode.SYSTEM_ERROR, remark: 'broker unable to service, until 2026-11-27 15:00:00,000' }

test('a send that the master was told not to take waits for the next one', async () => {
  handler = forwarder((to) => (to === '10.0.0.2:10911' ? held : { code: ResponseCode.SUCCESS })).wrap(local)
  send()
  await settle()
  clock.advance(500)
  await settle()
  expect([passedOn.length, answers.length]).toEqual([1, 0])
  master = '10.0.0.3:10911'
  clock.advance(20)
  await settle()
  expect(answers).toMatchObject([{ code: ResponseCode.SUCCESS }])
  expect(passedOn.map(({ to }) => to)).toEqual(['10.0.0.2:10911', '10.0.0.3:10911'])
})

test('where nobody comes the client is told of it in time', async () => {
  handler = forwarder(() => held).wrap(local)
  send()
  await settle()
  clock.advance(2_900)
  await settle()
  expect(answers).toMatchObject([held])
  expect(passedOn.length).toBe(2)
})
