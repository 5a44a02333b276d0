/*
 * A server that answers what a supervisor asks and does nothing else: for tests of starting, watching and stopping.
 * Usage: stub-server.ts mqnamesrv|mqbroker -c <conf file>
 */
import { readFileSync } from 'node:fs'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { decodeProperties, parseProperties } from '../../../runtime/config/properties-file.ts'
import { RealClock } from '../../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../../runtime/io/real-network.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import { RemotingClient } from '../../../runtime/net/remoting-client.ts'
import { RemotingServer } from '../../../runtime/net/remoting-server.ts'
import { silentLogger } from '../../../runtime/observe/logger.ts'

const [, , role = '', , confFile = ''] = process.argv
const conf = new Map(
  parseProperties(decodeProperties(readFileSync(confFile))).entries.map(({ key, value }) => [key, value]),
)
const required = (key: string): string => {
  const value = conf.get(key)
  if (value === undefined) throw new Error(`${confFile} has no ${key}`)
  return value
}

const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger)
const server = new RemotingServer(context, { idleTimeoutMs: 120_000 })
const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
const host = required('bindAddress')
const port = Number(required('listenPort'))
const json = (value: object) => ({ code: 0, body: Buffer.from(JSON.stringify(value)) })
const log = (msg: string) => process.stdout.write(`${JSON.stringify({ level: 'info', msg })}\n`)

function serveNames(): void {
  const brokers = new Map<string, Map<string, string>>()
  server.handle(RequestCode.REGISTER_BROKER, (request) => {
    const name = request.requiredText('brokerName')
    const addresses = brokers.get(name) ?? new Map<string, string>()
    brokers.set(name, addresses.set(request.requiredText('brokerId'), request.requiredText('brokerAddr')))
    return { code: 0, fields: { masterAddr: addresses.get('0') } }
  })
  server.handle(RequestCode.GET_BROKER_CLUSTER_INFO, () => {
    const table = [...brokers].map(([name, addresses]) => [name, { brokerAddrs: Object.fromEntries(addresses) }])
    return json({ brokerAddrTable: Object.fromEntries(table) })
  })
}

/** A slave makes itself known to its master with this request; a real one opens a replication connection. */
const slaveCode = 9999

function serveBroker(): void {
  const slaves = new Set<number>()
  const created: string[] = []
  server.handle(slaveCode, (_, channel) => {
    slaves.add(channel.id)
    return { code: 0 }
  })
  server.handle(RequestCode.GET_BROKER_RUNTIME_INFO, () =>
    json({ table: { putTps: '1.5 1.0 0.5', getTransferredTps: '2.5 2.0 1.0', commitLogMaxOffset: '4096' } }),
  )
  server.handle(RequestCode.GET_BROKER_HA_STATUS, () => {
    const open = new Set([...server.channels].map((channel) => channel.id))
    return json({ inSyncSlaveNums: [...slaves].filter((id) => open.has(id)).length })
  })
  server.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => {
    created.push(request.requiredText('topic'))
    log(`topics ${created.join(' ')}`)
    return { code: 0 }
  })
}

async function register(): Promise<void> {
  const fields = {
    brokerName: required('brokerName'),
    brokerId: required('brokerId'),
    brokerAddr: `${required('brokerIP1')}:${port}`,
  }
  let masterAddr: string | undefined
  for (const nameServer of required('namesrvAddr').split(';')) {
    const answer = await client.invoke(nameServer, { code: RequestCode.REGISTER_BROKER, fields }, 1000)
    masterAddr = answer.fields['masterAddr']
  }
  if (conf.get('brokerRole') === 'SLAVE' && masterAddr !== undefined) {
    await client.invoke(masterAddr, { code: slaveCode }, 1000)
  }
}

process.once('SIGTERM', () => {
  log('stopping')
  process.exit(0)
})
if (role === 'mqnamesrv') serveNames()
else serveBroker()
await server.listen({ host, port })
if (role === 'mqbroker') await register()
log(`${role} listens on ${host}:${port}`)
