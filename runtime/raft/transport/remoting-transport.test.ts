import { afterEach, expect, test } from 'vitest'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import type { Peer } from '../consensus.ts'
import type { Message } from '../message.ts'
import { freePorts, SocketMember, settled, until } from '../testing/socket-group.ts'
import { LogLines } from '../testing/store-fixture.ts'
import { encodeFrames } from './frame-codec.ts'
import { DLEDGER_CODES, RaftCode } from './raft-codes.ts'
import { RemotingTransport } from './remoting-transport.ts'

const opened: { kill(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.kill()
})

const SOON = { electionMinMs: 300, electionMaxMs: 300 }
const NEVER = { electionMinMs: 600_000, electionMaxMs: 600_000 }

async function start(options: ConstructorParameters<typeof SocketMember>[0], port: number): Promise<SocketMember> {
  const member = new SocketMember(options)
  opened.push(member)
  await member.start(port)
  return member
}

function peersAt(ports: readonly number[]): Peer[] {
  return ports.map((port, i) => ({ id: `n${i}`, address: `127.0.0.1:${port}` }))
}

/** Until a line of the log contains the text. */
function logged({ logger }: { readonly logger: LogLines }, text: string): Promise<string> {
  return until(() => logger.lines.find((line) => line.includes(text)))
}

test('lists of members that differ are refused on both sides, with what to change', async () => {
  const ports = await freePorts(3)
  const peers = peersAt(ports)
  const one = await start({ id: 'n0', peers: peers.slice(0, 2), settings: SOON }, ports[0]!)
  const other = await start({ id: 'n1', peers, settings: SOON }, ports[1]!)
  const lists = [peers, peers.slice(0, 2)].map((list) => list.map(({ id, address }) => `${id}-${address}`).join(';'))
  const text = `controllerDLegerPeers of n1 is "${lists[0]}", of n0 "${lists[1]}": make them the same`
  await logged(one, `refuses raft messages of n1 (127.0.0.1): ${text}`)
  await logged(other, `n0, at the address of n0, refuses our raft messages: ${text}`)
  expect([one.group.leaderId, other.group.leaderId]).toEqual([undefined, undefined])
})

test('another group, another member, a second one of the same id: each is told', async () => {
  const ports = await freePorts(3)
  const peers = peersAt(ports)
  const member = await start({ id: 'n0', peers, settings: NEVER }, ports[0]!)
  const stranger = await start({ id: 'n1', peers, group: 'other', settings: SOON }, ports[1]!)
  await logged(stranger, 'this is group "g", the messages are for group "other"')
  // At the address of n1 it finds n0.
  const lost = peers.map((peer) => (peer.id === 'n1' ? { id: 'n1', address: peers[0]!.address } : peer))
  const finder = await start({ id: 'n2', peers: lost, settings: SOON }, ports[2]!)
  await logged(
    finder,
    'n0, at the address of n1, refuses our raft messages: this is member n0, the messages are for n1',
  )
  await logged(member, 'the address of n1 in controllerDLegerPeers is wrong')
})

test('a second member of the same id is refused', async () => {
  const ports = await freePorts(3)
  const peers = peersAt(ports)
  await start({ id: 'n1', peers, settings: NEVER }, ports[1]!)
  // It calls itself n1 as well, and takes the first one for n0.
  const own = [
    { id: 'n0', address: peers[1]!.address },
    { id: 'n1', address: peers[2]!.address },
  ]
  const second = await start({ id: 'n1', peers: own, settings: SOON }, ports[2]!)
  await logged(second, 'this is member n1, the messages are for n0')
})

test('two groups that were founded by themselves under one name never mix', async () => {
  const ports = await freePorts(2)
  const peers = peersAt(ports)
  const alone = (i: number) => start({ id: `n${i}`, peers: [peers[i]!], settings: SOON }, ports[i]!)
  const [one, other] = [await alone(0), await alone(1)]
  await until(() => one.group.isLeader && other.group.isLeader)
  await Promise.all([one.propose('one'), other.propose('other')])
  one.group.changeMembers({ kind: 'add', peer: peers[1]! }, () => {})
  await logged(one, 'n0 belongs to another group of the name "g", which was founded by itself')
  expect([one.machine.commands, other.machine.commands]).toEqual([['one'], ['other']])
})

test('new members that are started together wait for the group that is there to let them in, and found none of their own', async () => {
  const ports = await freePorts(3)
  const peers = peersAt(ports)
  const old = await start({ id: 'n0', peers: [peers[0]!], settings: SOON }, ports[0]!)
  await until(() => old.group.isLeader)
  await old.propose('old')
  const young = await Promise.all([1, 2].map((i) => start({ id: `n${i}`, peers, settings: SOON }, ports[i]!)))
  for (const one of young) await logged(one, 'is not a member of the group: add it')
  for (const peer of peers.slice(1)) {
    await settled((done) => old.group.changeMembers({ kind: 'add', peer }, done))
  }
  await until(() => young.every(({ machine }) => machine.commands.length === 1))
  expect(young.map(({ machine }) => machine.commands)).toEqual([['old'], ['old']])
})

test('a member that was removed is told so when it asks for votes', async () => {
  const ports = await freePorts(3)
  const peers = peersAt(ports)
  const settings = { heartbeatMs: 100, electionMinMs: 300, electionMaxMs: 600 }
  const members: SocketMember[] = []
  for (const [i, { id }] of peers.entries()) members.push(await start({ id, peers, settings }, ports[i]!))
  const leader = await until(() => members.find((one) => one.group.isLeader))
  const removed = members.find((one) => one !== leader)!
  await leader.read()
  await settled((done) => leader.group.changeMembers({ kind: 'remove', id: removed.id }, done))
  await logged(removed, 'it is no member any more')
  expect(await leader.propose('x')).toBe(1)
})

test('an Apache controller that takes this one for a peer gets a clear answer', async () => {
  const [port] = await freePorts(1)
  const member = await start({ id: 'n0', peers: peersAt([port!]), settings: NEVER }, port!)
  const client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), new LogLines()), {
    connectTimeoutMs: 1000,
  })
  opened.push({ kill: () => client.close() })
  for (const code of DLEDGER_CODES) {
    const answer = await client.invoke(`127.0.0.1:${port}`, { code, body: Buffer.from('{}') }, 2000)
    expect([answer.code, answer.remark]).toEqual([
      ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
      'member n0 of group "g" does not speak DLedger: all controllers of a group have to be of the same engine',
    ])
  }
  const lines = () => member.logger.lines.filter((line) => line.includes('as an Apache controller (code 51001)'))
  await client.invoke(`127.0.0.1:${port}`, { code: 51001 }, 2000)
  expect(lines().length).toBe(1)
})

test('bytes that are no messages close the connection they came on, and harm nobody', async () => {
  const [port] = await freePorts(1)
  const member = await start({ id: 'n0', peers: peersAt([port!]), settings: SOON }, port!)
  const context = createNetContext(new RealClock(), new RealNetwork(), new LogLines())
  const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
  opened.push({ kill: () => client.close() })
  const body = Buffer.from([1, 0, 0, 0, 200])
  await expect(client.invoke(`127.0.0.1:${port}`, { code: RaftCode.MESSAGES, body }, 2000)).rejects.toThrow('was lost')
  await logged(member, '127.0.0.1 sends raft messages that cannot be used')
  await until(() => member.group.isLeader)
  expect(await member.propose('x')).toBe(1)
})

/** A transport whose own connection to n1 never opens, and the names of those it says are gone. */
async function listening() {
  const [port, nobody] = await freePorts(2)
  const context = createNetContext(new RealClock(), new RealNetwork(), new LogLines())
  const server = new RemotingServer(context, { idleTimeoutMs: 120_000 })
  const peers = peersAt([port!, nobody!])
  const transport = new RemotingTransport({ context, server, group: 'g', selfId: 'n0', peers })
  await server.listen({ host: '127.0.0.1', port: port! })
  const heard: Message[] = []
  const gone: string[] = []
  const receive = (message: Message) => heard.push(message)
  transport.start({ receive, gone: (id) => gone.push(id), cluster: 7, peers })
  opened.push({
    kill: () => {
      transport.stop()
      server.close()
    },
  })
  const heartbeat = { kind: 'heartbeat', from: 'n1', to: 'n0', store: 1, term: 1, round: 1, commit: 0 } as const
  const speak = async (cluster: number): Promise<RemotingClient> => {
    const [body] = encodeFrames('g', '', [{ ...heartbeat, cluster }])
    const client = new RemotingClient(context, { connectTimeoutMs: 1000 })
    opened.push({ kill: () => client.close() })
    await client.sendOneway(`127.0.0.1:${port}`, { code: RaftCode.MESSAGES, body: body! })
    return client
  }
  return { server, heard, gone, speak }
}

test('a member whose connection to this one ends is gone, whether or not this one has a connection to it', async () => {
  const { heard, gone, speak } = await listening()
  const client = await speak(7)
  await until(() => heard.length === 1)
  expect(gone).toEqual([])
  client.close()
  await until(() => gone.length > 0)
  expect(gone).toEqual(['n1'])
})

test('a member that speaks on a newer connection, and one that is refused, are not gone when the old one ends', async () => {
  const { server, heard, gone, speak } = await listening()
  const before = await speak(7)
  await until(() => heard.length === 1)
  await speak(7)
  await until(() => heard.length === 2)
  const stranger = await speak(8)
  await until(() => server.channels.size === 3)
  for (const one of [before, stranger]) one.close()
  await until(() => server.channels.size === 1)
  expect([heard.length, gone]).toEqual([2, []])
})

test("our codes are nobody else's", () => {
  const known: readonly number[] = [...Object.values(RequestCode), ...DLEDGER_CODES]
  for (const code of Object.values(RaftCode)) {
    expect(known).not.toContain(code)
    // What a binary header has room for.
    expect(code).toBeLessThan(32768)
  }
})
