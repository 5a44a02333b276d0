import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { RefusalLog } from '../../auth/refusal-log.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { Logger } from '../../observe/logger.ts'
import { FakeGateway } from '../testing/fake-gateway.ts'
import { signedHeaders } from '../testing/signed-call.ts'
import { ClientType } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import { ClusterUsers } from './cluster-users.ts'
import { GrpcAccess, type GrpcAccessRules } from './grpc-access.ts'
import * as about from './request-accesses.ts'

const TOPIC = { resourceNamespace: '', name: 'orders' }
const GROUP = { resourceNamespace: '', name: 'G' }
const user = (username: string, more = {}) => ({
  ...{ username, password: `${username}-secret`, userType: 'Normal', userStatus: 'enable' },
  ...more,
})
const entry = (resource: string, actions: string[], more = {}) => ({ resource, actions, decision: 'Allow', ...more })
const acl = (username: string, ...entries: object[]) => ({
  subject: `User:${username}`,
  policies: [{ policyType: 'Custom', entries }],
})

let gateway: FakeGateway
let clock: ManualClock
let users: ClusterUsers
let listed: { users: object[]; acls: object[] }
let isUp: boolean
let lines: [fields: object, message: string][]
let logger: Logger

beforeEach(async () => {
  gateway = new FakeGateway()
  clock = new ManualClock(1_700_000_000_000)
  isUp = true
  listed = {
    users: [user('root', { userType: 'Super' }), user('alice'), user('gone', { userStatus: 'disable' })],
    acls: [
      acl('alice', entry('Topic:orders', ['Pub', 'Sub']), entry('Group:G', ['Sub'], { sourceIps: ['10.0.0.0/8'] })),
    ],
  }
  gateway.answer = ({ code }) => {
    if (!isUp) return { code: 1, remark: 'no' }
    const list = code === RequestCode.AUTH_LIST_USER ? listed.users : listed.acls
    return { code: 0, body: Buffer.from(JSON.stringify(list)) }
  }
  lines = []
  const note = (fields: object, message: string) => void lines.push([fields, message])
  logger = { debug: note, info: note, warn: note, error: note }
  users = new ClusterUsers(gateway, 'Cluster', clock, logger)
  await users.refresh()
})

function access(rules: Partial<GrpcAccessRules> = {}): GrpcAccess {
  const all = { isAuthorizing: true, unauthenticated: new Set<string>(), unauthorized: new Set<string>(), ...rules }
  return new GrpcAccess(users, all, new RefusalLog(clock, logger))
}

const from = (metadata: ReadonlyMap<string, string>, host = '10.0.0.1') => ({ metadata, remote: { host, port: 4711 } })
const alice = signedHeaders('alice', 'alice-secret')
/** As one that has just been asked for anew: what is refused is refused at once. */
const admit = async (...given: Parameters<GrpcAccess['admit']>) => access().admit(...given)

test('who is proven and allowed is served, without a question to a broker', async () => {
  const before = gateway.asked.length
  expect(access().admit(from(alice), 'SendMessageRequest', about.ofMessages([{ topic: TOPIC }]))).toBeUndefined()
  expect(
    access().admit(from(alice), 'AckMessageRequest', about.ofConsumer({ group: GROUP, topic: TOPIC })),
  ).toBeUndefined()
  const root = from(signedHeaders('root', 'root-secret'))
  expect(access().admit(root, 'SendMessageRequest', about.ofTopic({ name: 'other' }, 'Pub'))).toBeUndefined()
  expect(gateway.asked.length).toBe(before)
})

test.each([
  ['no credentials', new Map<string, string>(), 'authentication failed: the request is not signed'],
  ['no date', new Map([['authorization', alice.get('authorization')!]]), 'the header x-mq-date-time'],
  ['no list', new Map([...alice, ['authorization', 'MQv2-HMAC-SHA1']]), 'the form of the header authorization'],
  ['an item without =', new Map([...alice, ['authorization', 'X Credential']]), 'the form of'],
  ['no name', new Map([...alice, ['authorization', 'X Signature=00']]), 'the Credential of'],
  [
    'digits that are none',
    new Map([...alice, ['authorization', `X Credential=alice, Signature=${'z'.repeat(40)}`]]),
    'the Signature of',
  ],
  [
    'a wrong password',
    signedHeaders('alice', 'wrong'),
    'there is no such user, it is disabled, or the signature is wrong',
  ],
  [
    'another date',
    new Map([...alice, ['x-mq-date-time', 'later']]),
    'there is no such user, it is disabled, or the signature is wrong',
  ],
  [
    'an unknown user',
    signedHeaders('nobody', 'nobody'),
    'there is no such user, it is disabled, or the signature is wrong',
  ],
  [
    'a disabled user',
    signedHeaders('gone', 'gone-secret'),
    'there is no such user, it is disabled, or the signature is wrong',
  ],
])('%s: refused, and nothing told of users', async (_, headers, message) => {
  const refused = admit(from(headers), 'SendMessageRequest', about.ofTopic(TOPIC, 'Pub'))
  await expect(refused).rejects.toMatchObject({ code: StatusCode.UNAUTHORIZED })
  await expect(refused).rejects.toThrow(message)
  expect(lines.at(-1)).toMatchObject([{ request: 'SendMessageRequest', peer: '10.0.0.1:4711' }, 'request refused'])
  expect(JSON.stringify(lines)).not.toContain('-secret')
})

test.each([
  [
    'another topic',
    '10.0.0.1',
    about.ofTopic({ name: 'other' }, 'Pub'),
    'User:alice has no permission to access Topic:other from 10.0.0.1, no matched policies.',
  ],
  [
    'another address',
    '192.0.2.1',
    about.ofGroup(GROUP, 'Sub'),
    'User:alice has no permission to access Group:G from 192.0.2.1, no matched policies.',
  ],
  ['another action', '10.0.0.1', about.ofTopic(TOPIC, 'Get'), 'Topic:orders'],
  [
    'one of several topics',
    '10.0.0.1',
    about.ofMessages([{ topic: TOPIC }, { topic: { ...TOPIC, name: 'b' } }]),
    'Topic:b',
  ],
])('%s: refused', async (_, host, accesses, message) => {
  const refused = admit(from(alice, host), 'R', accesses)
  await expect(refused).rejects.toMatchObject({ code: StatusCode.UNAUTHORIZED })
  await expect(refused).rejects.toThrow(message)
})

test('a change counts at the next refusal, and for what is allowed after the time of refreshing', async () => {
  listed = { ...listed, users: [...listed.users, user('carol')], acls: [acl('carol', entry('*', ['All']))] }
  const carol = from(signedHeaders('carol', 'carol-secret'))
  clock.advance(1000)
  await expect(admit(carol, 'R', about.ofTopic(TOPIC, 'Pub'))).resolves.toBeUndefined()
  await expect(admit(from(alice), 'R', about.ofTopic(TOPIC, 'Pub'))).rejects.toThrow('no matched policies')
})

test('wrong signatures make one question to brokers a second at most', async () => {
  clock.advance(1000)
  const before = gateway.asked.length
  const wrong = from(signedHeaders('alice', 'wrong'))
  const tries = Array.from({ length: 20 }, () => expect(admit(wrong, 'R', [])).rejects.toThrow('authentication failed'))
  await Promise.all(tries)
  await expect(admit(wrong, 'R', [])).rejects.toThrow('authentication failed')
  expect(gateway.asked.length - before).toBe(2)
})

test('brokers that do not answer: those known before are served; a proxy that never knew says so', async () => {
  isUp = false
  clock.advance(1000)
  await users.refresh()
  await expect(admit(from(alice), 'R', about.ofTopic(TOPIC, 'Pub'))).resolves.toBeUndefined()
  expect(lines.at(-1)![1]).toContain('those known before stay in use')
  users = new ClusterUsers(gateway, 'Cluster', clock, logger)
  const refused = admit(from(alice), 'R', [])
  await expect(refused).rejects.toMatchObject({ code: StatusCode.INTERNAL_SERVER_ERROR })
})

test('white lists: open to users, and to anybody when in both', async () => {
  const [open, both] = [new Set(['QueryRouteRequest']), new Set<string>()]
  const other = about.ofTopic({ name: 'other' }, 'Pub')
  expect(access({ unauthorized: open }).admit(from(alice), 'QueryRouteRequest', other)).toBeUndefined()
  const unsigned = from(new Map())
  expect(() =>
    access({ unauthenticated: open, unauthorized: both }).admit(unsigned, 'QueryRouteRequest', other),
  ).toThrow()
  expect(
    access({ unauthenticated: open, unauthorized: open }).admit(unsigned, 'QueryRouteRequest', other),
  ).toBeUndefined()
  expect(access({ isAuthorizing: false }).admit(from(alice), 'R', other)).toBeUndefined()
})

test('producers need nothing for a heartbeat, and retry topics count as their group', () => {
  expect(about.ofHeartbeat({ group: GROUP, clientType: ClientType.producer })).toEqual([])
  expect(about.ofHeartbeat({ group: GROUP, clientType: ClientType.pushConsumer })).toHaveLength(1)
  expect(about.ofTopic({ name: '%RETRY%G' }, 'Sub')[0]!.resource).toEqual({ type: 'Group', name: 'G' })
})
