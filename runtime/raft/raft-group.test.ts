import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { RealDisk } from '../io/real-disk.ts'
import type { RaftGroupOptions } from './raft-group.ts'
import { freePorts, SocketGroup, settled, until } from './testing/socket-group.ts'

const opened: { stop(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.stop()
})

/** The first member stands for election soon, the others never by themselves: it leads. */
const SOON = { electionMinMs: 300, electionMaxMs: 300 }
const NEVER = { electionMinMs: 600_000, electionMaxMs: 600_000 }

async function started(count: number, settings: RaftGroupOptions['settings'] = {}): Promise<SocketGroup> {
  const group = new SocketGroup(await freePorts(count))
  opened.push(group)
  for (const [i, { id }] of group.peers.entries()) {
    await group.startMember({ id, settings: { ...(i === 0 ? SOON : NEVER), ...settings } })
  }
  await until(() => group.leader)
  return group
}

test('three members elect a leader, agree on commands, and answer reads', async () => {
  const group = await started(3)
  const [leader, follower] = group.members as [(typeof group.members)[0], (typeof group.members)[0]]
  const results = await Promise.all(['a', 'b', 'c'].map((command) => leader!.propose(command)))
  expect(results).toEqual([1, 2, 3])
  await leader!.read()
  for (const member of group.members) await until(() => member.machine.commands.length === 3)
  expect(group.members.map(({ machine }) => machine.commands.join(''))).toEqual(['abc', 'abc', 'abc'])
  await expect(follower!.propose('d')).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: 'n0' })
  await expect(follower!.read()).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: 'n0' })
})

test('when the leader is killed the others go on at once, and it joins them again', async () => {
  const group = await started(3)
  const [first, ...rest] = group.members
  await first!.propose('before')
  const seen: (string | undefined)[] = []
  for (const { group: member } of rest) member.onLeaderChange((leaderId) => seen.push(leaderId))
  first!.kill()
  // They see the connection end; by their timeouts they would wait for ten minutes.
  const second = await until(() => rest.find((one) => one.group.isLeader))
  expect(await second.propose('after')).toBe(2)
  expect(seen).toContain(second.id)
  const back = await group.startMember({ id: 'n0', settings: NEVER })
  await until(() => back.machine.commands.length === 2)
  expect(back.machine.commands).toEqual(['before', 'after'])
})

test('a single member works at once, and finds everything again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'raft-'))
  opened.push({ stop: () => rmSync(folder, { recursive: true }) })
  const group = new SocketGroup(await freePorts(1))
  opened.push(group)
  const options = { id: 'n0', settings: NEVER, disk: new RealDisk(), folder: join(folder, 'store') }
  const member = await group.startMember(options)
  await until(() => member.group.isLeader)
  expect(await member.propose('x')).toBe(1)
  await member.read()
  await member.stop()
  await expect(member.propose('y')).rejects.toMatchObject({ code: 'STOPPED' })
  const again = await group.startMember(options)
  await until(() => again.group.isLeader)
  await again.read()
  expect(again.machine.commands).toEqual(['x'])
  await again.stop()
})

test('leadership is handed over; a member that stops hands it over first', async () => {
  const group = await started(3)
  const [first, second, third] = group.members
  await first!.propose('x')
  await settled((done) => first!.group.transferLeadership('n1', done))
  expect(first!.group.leaderId).toBe('n1')
  expect(await second!.propose('y')).toBe(2)
  await second!.stop()
  const next = await until(() => group.leader)
  expect(await next.propose('z')).toBe(3)
  await expect(settled((done) => next.group.transferLeadership('n9', done))).rejects.toMatchObject({ code: 'REJECTED' })
  await until(() => third!.machine.commands.length === 3)
})

test('a member that hands over when it stops does not wait for ever for the others to lead', async () => {
  const group = await started(3)
  const [first, ...others] = group.members
  await first!.propose('x')
  // It has voted for its successor, which ends with its other voter before anybody has heard that it leads.
  first!.group.onLeaderChange((leaderId) => {
    if (leaderId === undefined) for (const other of others) other.kill()
  })
  await expect(settled((done) => first!.group.transferLeadership('n1', done))).rejects.toMatchObject({
    code: 'REJECTED',
    message: 'n1 did not take over in time; nobody leads',
  })
  await first!.stop()
})

test('members are added and removed while the group works; a snapshot brings a new one up to date', async () => {
  const settings = { snapshotEveryEntries: 50, snapshotKeepEntries: 10, snapshotPieceBytes: 1000 }
  const group = await started(1, settings)
  const [first] = group.members
  for (let i = 0; i < 200; i++) await first!.propose(`command ${i}`)
  expect(first!.group.node!.log.base.index).toBeGreaterThan(100)
  for (const [i, port] of (await freePorts(2)).entries()) {
    const peer = { id: `n${i + 1}`, address: `localhost:${port}` }
    const peers = [...first!.group.peers, peer]
    const member = await group.startMember({ id: peer.id, peers, settings: { ...settings, ...NEVER } })
    await settled((done) => first!.group.changeMembers({ kind: 'add', peer }, done))
    await until(() => member.machine.commands.length === 200)
    expect(member.machine.restoreCount).toBe(1)
  }
  expect(first!.group.peers.map(({ id }) => id)).toEqual(['n0', 'n1', 'n2'])
  expect(await first!.propose('with three')).toBe(201)
  await settled((done) => first!.group.changeMembers({ kind: 'remove', id: 'n0' }, done))
  const second = await until(() => group.members.find((one) => one !== first && one.group.isLeader))
  expect(await second.propose('without the first')).toBe(202)
})

test('what is proposed to a leader that is cut off has an unknown fate, and says so', async () => {
  const group = await started(3)
  const [leader, ...others] = group.members
  await leader!.propose('known')
  for (const member of others) member.kill()
  await expect(leader!.propose('unknown')).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
  await expect(leader!.read()).rejects.toMatchObject({ code: 'NOT_LEADER' })
})
