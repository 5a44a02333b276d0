import { textField } from '../../runtime/codec/json/json-fields.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import { bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { brokerGroups, fromNameServers } from './routes.ts'
import { waitUntil } from './waiting.ts'

/** A super user as it signs. */
export interface SuperUser {
  readonly accessKey: string
  readonly secretKey: string
}

/** Brokers that are asked, and for how long. */
export interface AskedBrokers {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  readonly timeoutMs: number
}

/** Users are copied from masters: what a slave was told before its master would be gone again. */
async function mastersFirst(cluster: LiveCluster, brokers: readonly string[]): Promise<string[]> {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  const groups = [...answers.values()].flatMap((each) => [...each.values()])
  const masters = new Set(groups.map((members) => members.get(MASTER_ID)))
  return brokers.toSorted((a, b) => Number(masters.has(b)) - Number(masters.has(a)))
}

async function knows({ asker }: LiveCluster, broker: string, username: string) {
  const user = bodyObject(await asker.ask(broker, { code: RequestCode.AUTH_GET_USER, fields: { username } }))
  if (textField(user, 'username') === undefined) return undefined
  const [password, type, status] = ['password', 'userType', 'userStatus'].map((name) => textField(user, name))
  return { password, isEnabledSuper: type === 'Super' && status === 'enable' }
}

/** @returns whether it had to be told */
async function putUser(cluster: LiveCluster, broker: string, { accessKey, secretKey }: SuperUser): Promise<boolean> {
  const known = await knows(cluster, broker, accessKey)
  if (known?.isEnabledSuper === true && known.password === secretKey) return false
  const code = known === undefined ? RequestCode.AUTH_CREATE_USER : RequestCode.AUTH_UPDATE_USER
  const body = encodeJson({ password: secretKey, userType: 'Super', userStatus: 'enable' })
  await cluster.asker.ask(broker, { code, fields: { username: accessKey }, body })
  return true
}

/**
 * Every broker knows these super users: those that do not are told, until all say that they do.
 * @throws RolloutWaitError
 */
export function putUsers(cluster: LiveCluster, users: readonly SuperUser[], asked: AskedBrokers): Promise<void> {
  const names = users.map(({ accessKey }) => accessKey).join(' and ')
  return waitUntil(cluster, `brokers know ${names}`, asked.timeoutMs, async () => {
    const told: string[] = []
    for (const broker of await mastersFirst(cluster, asked.brokers)) {
      for (const user of users) if (await putUser(cluster, broker, user)) told.push(broker)
    }
    return told.length === 0 ? undefined : `told ${[...new Set(told)].join(', ')}`
  })
}

/**
 * No broker knows these users any more.
 * @throws RolloutWaitError
 */
export function dropUsers(cluster: LiveCluster, names: readonly string[], asked: AskedBrokers): Promise<void> {
  return waitUntil(cluster, `brokers know ${names.join(' and ')} no more`, asked.timeoutMs, async () => {
    const told: string[] = []
    for (const broker of await mastersFirst(cluster, asked.brokers)) {
      for (const username of names) {
        if ((await knows(cluster, broker, username)) === undefined) continue
        await cluster.asker.ask(broker, { code: RequestCode.AUTH_DELETE_USER, fields: { username } })
        told.push(broker)
      }
    }
    return told.length === 0 ? undefined : `told ${[...new Set(told)].join(', ')}`
  })
}
