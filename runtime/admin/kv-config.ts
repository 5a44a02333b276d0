import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError, RefusedError } from './admin-error.ts'

/** Where name servers keep which queues of ordered topics stand on which broker. */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Every name server keeps its own copy: all are told, and one that fails makes the whole fail afterwards. */
export async function putKvConfig(client: AdminClient, namespace: string, key: string, value: string): Promise<void> {
  await tellAll(client, (address) =>
    client.call(address, { code: RequestCode.PUT_KV_CONFIG, fields: { namespace, key, value } }),
  )
}

export async function deleteKvConfig(client: AdminClient, namespace: string, key: string): Promise<void> {
  await tellAll(client, (address) =>
    client.call(address, { code: RequestCode.DELETE_KV_CONFIG, fields: { namespace, key } }),
  )
}

/** @throws RefusedError (QUERY_NOT_FOUND) when there is no such entry */
export async function getKvConfig(client: AdminClient, namespace: string, key: string): Promise<string> {
  const { fields } = await client.callNameServer({ code: RequestCode.GET_KV_CONFIG, fields: { namespace, key } })
  return fields['value'] ?? ''
}

/** Changes the entry of one broker (`broker-a:4`) in the order configuration of a topic. */
export async function mergeOrderConf(client: AdminClient, topic: string, entry: string): Promise<void> {
  const entries = new Map<string, string>()
  for (const old of (await orderConf(client, topic)).split(';')) {
    if (old !== '') entries.set(brokerOf(old), old)
  }
  entries.set(brokerOf(entry), entry)
  await putKvConfig(client, ORDER_TOPIC_CONFIG, topic, [...entries.values()].join(';'))
}

async function orderConf(client: AdminClient, topic: string): Promise<string> {
  try {
    return await getKvConfig(client, ORDER_TOPIC_CONFIG, topic)
  } catch (error) {
    if (error instanceof RefusedError) return ''
    throw error
  }
}

function brokerOf(entry: string): string {
  return entry.split(':')[0] ?? entry
}

async function tellAll(client: AdminClient, tell: (address: string) => Promise<unknown>): Promise<void> {
  const problems: string[] = []
  for (const address of client.nameServers) {
    try {
      await tell(address)
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      problems.push(error.message)
    }
  }
  if (problems.length > 0) throw new AdminError(problems.join('; '))
}
