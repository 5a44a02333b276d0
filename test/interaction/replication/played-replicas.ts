import { ReplicaHost, ReplicaWorld } from '../../../runtime/replication/auto-switch/testing/replica-host.ts'
import type { CrashKind } from '../../sim/sim-disk.ts'
import { CommandLine, idsText } from './command-line.ts'

/** Replicas on simulated disks and a simulated network, steered by the lines of a script, which plays the controllers too. */
export class PlayedReplicas {
  readonly #world = new ReplicaWorld()
  readonly #hosts = new Map<number, ReplicaHost>()
  #setEpoch = 0
  #messages = 0

  async run(line: string): Promise<string> {
    const command = new CommandLine(line)
    try {
      return await this.#do(command)
    } catch (error) {
      return `${line}: ${(error as Error).message}`
    }
  }

  async #do(command: CommandLine): Promise<string> {
    switch (command.name) {
      case 'start':
        return this.#start(command)
      case 'stop':
        this.#host(command).stop()
        return ''
      case 'die':
        this.#host(command).crash((command.word(1) ?? 'process') as CrashKind)
        return ''
      case 'master':
        return this.#master(command)
      case 'follow':
        this.#host(command).commit()
        this.#host(command).follow(this.#hostOf(command.number(1)), command.named('epoch')!)
        return ''
      case 'put':
        return this.#put(command)
      case 'settle':
        await this.#world.settle()
        return ''
      case 'wait':
        await this.#world.advance(command.number(0), [...this.#hosts.values()])
        return ''
      case 'agree':
        this.#host(command).wanted = undefined
        this.#host(command).replication.setSyncStateSet(command.ids(1), ++this.#setEpoch)
        await this.#world.settle()
        return ''
      case 'show':
        return [...this.#hosts.values()].map(described).join('\n')
      default:
        throw new Error('no such command')
    }
  }

  #hostOf(id: number): ReplicaHost {
    const host = this.#hosts.get(id)
    if (host === undefined) throw new Error(`broker ${id} was never started`)
    return host
  }

  #host(command: CommandLine): ReplicaHost {
    return this.#hostOf(command.number(0))
  }

  async #start(command: CommandLine): Promise<string> {
    const id = command.number(0)
    const config = {
      flushDiskType: command.has('sync') ? ('SYNC_FLUSH' as const) : ('ASYNC_FLUSH' as const),
      asyncLearner: command.has('learner'),
      syncFromLastFile: command.has('lastfile'),
      enableControllerMode: !command.has('classic'),
    }
    const before = this.#hosts.get(id)
    const isAsBefore = before !== undefined && !command.has('classic') && !command.has('again')
    const host = isAsBefore ? before : new ReplicaHost(id, this.#world, config, {}, before?.disk)
    this.#hosts.set(id, host)
    await host.start()
    return ''
  }

  #master(command: CommandLine): string {
    const host = this.#host(command)
    host.commit()
    host.replication.changeToMaster(command.named('epoch')!, new Set([host.id]), ++this.#setEpoch)
    return ''
  }

  #put(command: CommandLine): string {
    const host = this.#host(command)
    for (let i = 0; i < command.number(1); i++)
      host.put(`m${++this.#messages}:`.padEnd(command.named('size') ?? 0, 'x'))
    host.commit()
    return ''
  }
}

function described(host: ReplicaHost): string {
  if (!host.isRunning) return `${host.id} is down`
  const { store, replication, wanted } = host
  const bodies = host.bodies().map((body) => body.split(':')[0])
  const shows = bodies.length > 6 ? [...bodies.slice(0, 3), '...', ...bodies.slice(-2)] : bodies
  const parts = [
    `log ${store.minOffset} to ${store.writtenOffset}`,
    `confirmed ${store.confirmOffset}`,
    `epochs ${replication.epochs}`,
    `shows ${shows.length === 0 ? 'nothing' : shows.join(' ')}`,
  ]
  if (replication.role === 'master') parts.push(`set ${idsText(replication.syncStateSet)}`)
  if (replication.role === 'master' && wanted !== undefined) parts.push(`wants ${idsText(wanted)}`)
  return `${host.id} ${replication.role}: ${parts.join(', ')}`
}
