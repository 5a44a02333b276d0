import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { GuardedGroup, type GuardedServer, LIMIT_MS, message, ordersTopic, until } from './guarded-group.ts'

let group: GuardedGroup

beforeEach(() => {
  group = new GuardedGroup()
})

afterEach(() => group.close())

/** A message is taken by whichever replica is master, in the name of an administrator. */
async function takesMessages(replicas: readonly GuardedServer[]): Promise<void> {
  await until('a message taken', async () => {
    for (const { address, process } of replicas) {
      if (process.isRunning && (await group.ask(address, message())).code === ResponseCode.SUCCESS) return true
    }
    return undefined
  })
}

/** What is made on the master comes to the other one, which asks for it in its own name. */
async function copies(controller: string, replicas: readonly GuardedServer[], username: string): Promise<void> {
  const master = await group.masterOf(controller, replicas)
  const other = replicas.find((replica) => replica !== master)!
  const body = encodeJson({ password: `${username}-secret` })
  await until(`${username} on the master`, async () => {
    const { code } = await group.ask(master.address, { code: RequestCode.AUTH_CREATE_USER, fields: { username }, body })
    return code === ResponseCode.SUCCESS ? true : undefined
  })
  await until(`${username} on the other replica`, async () => {
    return (await group.ask(other.address, { code: RequestCode.AUTH_GET_USER, fields: { username } })).body
  })
}

/** As docs/acl.md says, under "New keys for the servers". */
test(
  'the servers of a cluster that checks get new keys one after another, and go on speaking with one another',
  async () => {
    let controller = await group.startController('inner')
    const replicas = [
      await group.startReplica('b1', controller.address, 'inner'),
      await group.startReplica('b2', controller.address, 'inner'),
    ]
    const first = await group.masterOf(controller.address, replicas)
    await until('a topic', async () => {
      return (await group.ask(first.address, ordersTopic())).code === ResponseCode.SUCCESS ? true : undefined
    })
    // 1. The new user, on every broker.
    const body = encodeJson({ password: 'inner-2-secret', userType: 'Super' })
    const made = { code: RequestCode.AUTH_CREATE_USER, fields: { username: 'inner-2' }, body }
    for (const { address } of replicas) await group.ask(address, made)
    for (const { address } of replicas) {
      const known = { code: RequestCode.AUTH_GET_USER, fields: { username: 'inner-2' } }
      await until('the new user', async () => (await group.ask(address, known)).body)
    }
    // 2. Its keys in the conf files, one server after another, the master last.
    for (const replica of [...replicas].sort((a, b) => Number(a === first) - Number(b === first))) {
      await replica.process.end('SIGTERM')
      await takesMessages(replicas)
      const { name, address } = replica
      replica.process = (await group.startReplica(name, controller.address, 'inner-2', address)).process
      await copies(controller.address, replicas, `during-${name}`)
      await takesMessages(replicas)
    }
    await controller.process.end('SIGTERM')
    controller = await group.startController('inner-2', controller.address)
    // 3. Nobody signs in the name of the former user any more.
    for (const { address } of replicas) {
      const { code } = await group.ask(address, { code: RequestCode.AUTH_DELETE_USER, fields: { username: 'inner' } })
      expect(code).toBe(ResponseCode.SUCCESS)
    }
    await copies(controller.address, replicas, 'afterwards')
    await takesMessages(replicas)
    for (const { address } of replicas) {
      expect((await group.ask(address, message(), 'inner')).code).toBe(ResponseCode.NO_PERMISSION)
    }
  },
  5 * LIMIT_MS,
)
