import type { ClusterProbe } from '../health/cluster-probe.ts'
import type { ProcessRef } from './process-identity.ts'
import type { LaunchSpec, ProcessExit, ProcessTable, StopSignal } from './process-table.ts'

interface FakeProcess {
  readonly ref: ProcessRef
  readonly spec: LaunchSpec
  readonly exited: (exit: ProcessExit) => void
}

/** Processes that exist only in a test. They end when told to, unless they are stubborn. */
export class FakeProcesses implements ProcessTable {
  readonly started: string[] = []
  readonly signals: string[] = []
  /** Nodes (by log file name) that do not end on SIGTERM. */
  readonly stubborn = new Set<string>()
  readonly #running = new Map<number, FakeProcess>()
  #nextPid = 100

  start(spec: LaunchSpec, exited: (exit: ProcessExit) => void): ProcessRef {
    const pid = this.#nextPid++
    const ref = { pid, identity: `start-${pid}` }
    this.#running.set(pid, { ref, spec, exited })
    this.started.push(nodeOf(spec))
    return ref
  }

  isRunning(ref: ProcessRef): boolean {
    return this.#running.get(ref.pid)?.ref.identity === ref.identity
  }

  signal(ref: ProcessRef, signal: StopSignal): void {
    const found = this.#running.get(ref.pid)
    if (found === undefined || found.ref.identity !== ref.identity) return
    const node = nodeOf(found.spec)
    this.signals.push(`${node} ${signal}`)
    if (signal === 'SIGTERM' && this.stubborn.has(node)) return
    this.end(node, { code: undefined, signal })
  }

  /** Ends the process of a node as if by itself. */
  end(node: string, exit: ProcessExit): void {
    for (const [pid, running] of this.#running) {
      if (nodeOf(running.spec) !== node) continue
      this.#running.delete(pid)
      running.exited(exit)
    }
  }

  /** Whoever started them is dead, and learns of nothing any more. */
  orphan(): void {
    for (const [pid, running] of this.#running) this.#running.set(pid, { ...running, exited: () => undefined })
  }

  get runningNodes(): string[] {
    return [...this.#running.values()].map(({ spec }) => nodeOf(spec)).sort()
  }
}

function nodeOf(spec: LaunchSpec): string {
  return /([^/]+)\.log$/.exec(spec.logFile)?.[1] ?? '?'
}

/** Answers as set by the test; by default every question is refused. */
export class FakeProbe implements ClusterProbe {
  /** Addresses that answer. */
  readonly answering = new Set<string>()
  /** Broker addresses that NameServers know, by `brokerName:brokerId`. */
  readonly registered = new Map<string, string>()
  readonly inSync = new Map<string, number>()
  /** Addresses in the SyncStateSet, by broker group. */
  readonly syncStateSets = new Map<string, readonly string[]>()
  /** Of these the controllers hear nothing. */
  readonly silent = new Set<string>()
  readonly infos = new Map<string, ReadonlyMap<string, string>>()
  readonly created: string[] = []
  refuseCreations = false

  async brokerTable(nameServer: string) {
    this.#check(nameServer)
    const table = new Map<string, Map<number, string>>()
    for (const [key, address] of this.registered) {
      const [name = '', id] = key.split(':')
      table.set(name, (table.get(name) ?? new Map<number, string>()).set(Number(id), address))
    }
    return table
  }

  async runtimeInfo(broker: string) {
    this.#check(broker)
    return this.infos.get(broker) ?? new Map<string, string>()
  }

  async inSyncSlaves(master: string) {
    this.#check(master)
    return this.inSync.get(master) ?? 0
  }

  async controllerLeader(controller: string) {
    this.#check(controller)
    return controller
  }

  async syncStateSet(controllerLeader: string, group: string) {
    this.#check(controllerLeader)
    const addresses = this.syncStateSets.get(group) ?? []
    return addresses.map((address) => ({ address, isAlive: !this.silent.has(address) }))
  }

  async connect(address: string) {
    this.#check(address)
  }

  async createTopic(master: string, topic: { name: string }, queueCount: number) {
    if (this.refuseCreations) throw new Error('no')
    this.created.push(`topic ${topic.name} x${queueCount} on ${master}`)
  }

  async createConsumerGroup(master: string, group: { name: string }) {
    if (this.refuseCreations) throw new Error('no')
    this.created.push(`group ${group.name} on ${master}`)
  }

  close(): void {
    this.answering.clear()
  }

  #check(address: string): void {
    if (!this.answering.has(address)) throw new Error(`cannot connect to ${address}`)
  }
}
