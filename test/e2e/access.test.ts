import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { GuardedGroup, LIMIT_MS, message, ordersTopic, until } from './guarded-group.ts'

let group: GuardedGroup

beforeEach(() => {
  group = new GuardedGroup()
})

afterEach(() => group.close())

test(
  'an elected group: a replica passes on what its master then allows, and the next master knows the same users',
  async () => {
    const { address: controller } = await group.startController('inner')
    const replicas = [
      await group.startReplica('b1', controller, 'inner'),
      await group.startReplica('b2', controller, 'inner'),
    ]
    const master = await group.masterOf(controller, replicas)
    const other = replicas.find((replica) => replica !== master)!
    const user = { code: RequestCode.AUTH_CREATE_USER, fields: { username: 'alice' } }
    const body = encodeJson({ password: 'alice-secret' })
    const entry = { resource: 'Topic:orders', actions: ['Pub'], sourceIps: ['127.0.0.1'], decision: 'Allow' }
    const subject = 'User:alice'
    const policies = encodeJson({ subject, policies: [{ policyType: 'Custom', entries: [entry] }] })
    await until('a master that takes changes', async () => {
      const answer = await group.ask(master.address, ordersTopic())
      return answer.code === ResponseCode.SUCCESS ? true : undefined
    })
    // To the master only: the other one has them from there.
    expect(await group.ask(master.address, { ...user, body })).toMatchObject({ code: ResponseCode.SUCCESS })
    const acl = { code: RequestCode.AUTH_CREATE_ACL, fields: { subject }, body: policies }
    expect(await group.ask(master.address, acl)).toMatchObject({ code: ResponseCode.SUCCESS })
    await until('the user and its policies on the other replica', async () => {
      const { body: answered } = await group.ask(other.address, { code: RequestCode.AUTH_GET_ACL, fields: { subject } })
      return answered
    })
    // It comes from an address that the policy speaks of; the replica vouches for it.
    const passedOn = await group.ask(other.address, message(), 'alice')
    expect([passedOn.code, passedOn.remark]).toEqual([ResponseCode.SUCCESS, undefined])
    const unsigned = await group.client.invoke(other.address, message(), 5000)
    expect(unsigned.code).toBe(ResponseCode.NO_PERMISSION)
    await master.process.end('SIGKILL')
    await until('a message taken by the next master', async () => {
      const { code, remark } = await group.ask(other.address, message(), 'alice')
      if (code !== ResponseCode.SUCCESS) throw new Error(remark)
      return true
    })
    expect(await group.masterOf(controller, replicas)).toBe(other)
  },
  3 * LIMIT_MS,
)
