import { MortalProcess } from '../../../test/sim/mortal-process.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import type { Disk } from '../../io/disk.ts'
import { RealRandom } from '../../io/random.ts'
import { RealClock } from '../../io/real-clock.ts'
import { RealNetwork } from '../../io/real-network.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import type { ConsensusError, Peer } from '../consensus.ts'
import { RaftGroup, type RaftGroupOptions } from '../raft-group.ts'
import { RemotingTransport } from '../transport/remoting-transport.ts'
import { ListMachine } from './list-machine.ts'
import { LogLines } from './store-fixture.ts'

type Settings = RaftGroupOptions['settings']

export interface SocketMemberOptions {
  readonly id: string
  readonly peers: readonly Peer[]
  readonly settings?: Settings
  readonly group?: string
  readonly disk?: Disk
  readonly folder?: string
}

/** One member as a process would run it: own server, connections, store; on loopback. */
export class SocketMember {
  readonly id: string
  readonly disk: Disk
  readonly machine = new ListMachine()
  readonly logger = new LogLines()
  readonly server: RemotingServer
  readonly group: RaftGroup
  readonly #process = new MortalProcess(new RealClock(), new RealNetwork())
  isDead = false

  constructor({ id, peers, settings = {}, group = 'g', disk = new SimDisk(), folder = '/raft' }: SocketMemberOptions) {
    this.id = id
    this.disk = disk
    const { clock, network } = this.#process
    const context = createNetContext(clock, network, this.logger)
    this.server = new RemotingServer(context, { idleTimeoutMs: 120_000 })
    const transport = new RemotingTransport({ context, server: this.server, group, selfId: id, peers })
    const { machine, logger } = this
    const random = new RealRandom()
    this.group = new RaftGroup({
      group,
      selfId: id,
      peers,
      folder,
      machine,
      clock,
      random,
      disk,
      logger,
      transport,
      settings,
    })
  }

  async start(port: number): Promise<void> {
    await this.server.listen({ host: '127.0.0.1', port })
    await this.group.start()
  }

  /** As kill -9: connections end, nothing more is done. */
  kill(): void {
    this.isDead = true
    this.#process.kill()
    if (this.disk instanceof SimDisk) this.disk.crash('process')
  }

  async stop(): Promise<void> {
    await this.group.stop()
    this.kill()
  }

  propose(command: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.group.propose(Buffer.from(command), (error, result) => (error ? reject(error) : resolve(result)))
    })
  }

  read(): Promise<void> {
    return settled((done) => this.group.read(done))
  }
}

/** A promise of what is reported by a callback. */
export function settled(start: (done: (error: ConsensusError | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

/** Looks again after every turn of the event loop: there is nothing to be told by. */
export async function until<Found>(look: () => Found | undefined | false): Promise<Found> {
  for (;;) {
    const found = look()
    if (found) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Members n0, n1, ... at ports that the system gave out. */
export class SocketGroup {
  readonly members: SocketMember[] = []
  readonly peers: readonly Peer[]

  constructor(ports: readonly number[]) {
    this.peers = ports.map((port, i) => ({ id: `n${i}`, address: `localhost:${port}` }))
  }

  /** Starts a member, or starts it again: then with the disk it had. */
  async startMember(options: Partial<SocketMemberOptions> & { readonly id: string }): Promise<SocketMember> {
    const { id, peers = this.peers } = options
    const old = this.members.findIndex((one) => one.id === id)
    const disk = this.members[old]?.disk
    const member = new SocketMember({ peers, ...(disk && { disk }), ...options })
    if (old < 0) this.members.push(member)
    else this.members[old] = member
    const { address } = peers.find((peer) => peer.id === id)!
    await member.start(Number(address.split(':')[1]))
    return member
  }

  get leader(): SocketMember | undefined {
    return this.members.find(({ group, isDead }) => group.isLeader && !isDead)
  }

  stop(): void {
    for (const member of this.members) member.kill()
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const network = new RealNetwork()
  const refused = () => {
    throw new Error('nobody connects to these')
  }
  const listeners = await Promise.all(
    Array.from({ length: count }, () => network.listen({ host: '127.0.0.1', port: 0 }, refused)),
  )
  for (const listener of listeners) listener.close()
  return listeners.map(({ address }) => address.port)
}
