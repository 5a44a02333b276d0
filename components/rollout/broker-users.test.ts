import { expect, it } from 'vitest'
import { parseJson } from '../../runtime/codec/json/parse-json.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RequestDraft, Response } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { dropUsers, putUsers } from './broker-users.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

interface Known {
  readonly password: string
  readonly userType: string
  readonly userStatus: string
}

const brokers = [0, 1, 2].map((id) => `broker-a-${id}:10911`)
const [master, slave] = brokers as [string, string]
const users = [
  { accessKey: 'admin-2', secretKey: 'one' },
  { accessKey: 'servers-2', secretKey: 'two' },
]
const names = users.map(({ accessKey }) => accessKey)
const made = (password: string): Known => ({ password, userType: 'Super', userStatus: 'enable' })

/** Brokers that keep users, as the three requests about them show them. */
class Guarded extends FakeCluster {
  readonly users = new Map(brokers.map((broker) => [broker, new Map<string, Known>()]))
  /** Changes, `broker what name`; throws where somebody is killed. */
  changes: string[] = []
  killAfter = Number.POSITIVE_INFINITY

  constructor() {
    super()
    const { AUTH_CREATE_USER, AUTH_UPDATE_USER, AUTH_DELETE_USER, AUTH_GET_USER } = RequestCode
    for (const broker of brokers) {
      const known = this.users.get(broker)!
      const answer = (code: number, handle: (name: string, request: RequestDraft) => Response) =>
        this.answer(broker, code, (request) => handle(String(request.fields?.['username']), request))
      const change = (what: string, name: string): void => {
        if (this.changes.length >= this.killAfter) throw new Error('killed')
        this.changes.push(`${broker} ${what} ${name}`)
      }
      const put = (what: string) => (name: string, request: RequestDraft) => {
        change(what, name)
        if (known.has(name) !== (what === 'update')) return { code: ResponseCode.NO_PERMISSION, remark: 'known or not' }
        known.set(name, parseJson(Buffer.from(request.body!).toString()) as unknown as Known)
        return { code: ResponseCode.SUCCESS }
      }
      answer(AUTH_CREATE_USER, put('create'))
      answer(AUTH_UPDATE_USER, put('update'))
      answer(AUTH_DELETE_USER, (name) => {
        change('delete', name)
        known.delete(name)
        return { code: ResponseCode.SUCCESS }
      })
      answer(AUTH_GET_USER, (username) => {
        const user = known.get(username)
        return { code: ResponseCode.SUCCESS, ...(user && { body: encodeJson({ username, ...user }) }) }
      })
    }
  }

  put(): Promise<void> {
    return putUsers(this.live, users, { brokers, timeoutMs: 5000 })
  }

  drop(): Promise<void> {
    return dropUsers(this.live, names, { brokers, timeoutMs: 5000 })
  }

  namesAt(broker: string): string[] {
    return [...this.users.get(broker)!.keys()]
  }
}

it('makes users on every broker, on the master first, and changes nothing the next time', async () => {
  const cluster = new Guarded()
  cluster.master = brokers[2]!
  await cluster.put()
  for (const broker of brokers) {
    expect(Object.fromEntries(cluster.users.get(broker)!)).toEqual({ 'admin-2': made('one'), 'servers-2': made('two') })
  }
  expect(cluster.changes[0]).toBe(`${brokers[2]} create admin-2`)
  expect(cluster.changes).toHaveLength(6)
  await cluster.put()
  expect(cluster.changes).toHaveLength(6)
})

it('gives a user that is there with another password, or without rights, what it is to have', async () => {
  const cluster = new Guarded()
  cluster.users.get(master)!.set('admin-2', made('another'))
  cluster.users.get(slave)!.set('servers-2', { ...made('two'), userStatus: 'disable' })
  await cluster.put()
  expect(cluster.changes).toContain(`${master} update admin-2`)
  expect(cluster.changes).toContain(`${slave} update servers-2`)
  expect(cluster.users.get(master)!.get('admin-2')).toEqual(made('one'))
  expect(cluster.users.get(slave)!.get('servers-2')).toEqual(made('two'))
})

it('cut off after any request it is done again to the same end', async () => {
  for (let cut = 0; cut <= 6; cut++) {
    const cluster = new Guarded()
    cluster.killAfter = cut
    await cluster.put().catch(() => undefined)
    cluster.killAfter = Number.POSITIVE_INFINITY
    await cluster.put()
    for (const broker of brokers) expect(cluster.namesAt(broker), `after ${cut}`).toEqual(names)
    cluster.changes = []
    cluster.killAfter = cut
    await cluster.drop().catch(() => undefined)
    cluster.killAfter = Number.POSITIVE_INFINITY
    await cluster.drop()
    for (const broker of brokers) expect(cluster.namesAt(broker), `after ${cut}`).toEqual([])
    expect(cluster.changes, 'each was told once').toHaveLength(6)
  }
})

it('tells a slave again that has copied the users of before meanwhile', async () => {
  const cluster = new Guarded()
  let looks = 0
  cluster.meanwhile = () => {
    // What it had asked its master for before that one knew.
    if (++looks === 12) cluster.users.get(slave)!.clear()
  }
  await cluster.put()
  expect(looks).toBeGreaterThan(12)
  expect(cluster.namesAt(slave)).toEqual(names)
})

it('waits for a broker that does not answer, and says which one it was', async () => {
  const cluster = new Guarded()
  cluster.down.add(slave)
  await expect(cluster.put()).rejects.toThrow(
    `waited 5 s until brokers know admin-2 and servers-2, in vain: connect to ${slave} failed`,
  )
  await expect(cluster.drop()).rejects.toThrow(`in vain: connect to ${slave} failed`)
})
