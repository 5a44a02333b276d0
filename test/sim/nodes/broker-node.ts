import { dirname } from 'node:path'
import { Broker } from '../../../runtime/broker/broker.ts'
import { Door } from '../../../runtime/broker/door/door.ts'
import { netLimits } from '../../../runtime/broker/door/net-limits.ts'
import { type BrokerConf, changeBrokerConf, parseBrokerConf } from '../../../runtime/config/broker-conf.ts'
import { parseProperties } from '../../../runtime/config/properties-file.ts'
import { testEnv } from '../../../runtime/config/test-env.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import type { CrashKind } from '../sim-disk.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'
import { Node } from './node.ts'

/** Small files, so that a short life fills many of them; short periods, so that it sees them pass. */
const SMALL = `storePathRootDir=/store
mappedFileSizeCommitLog=32768
mappedFileSizeConsumeQueue=2000
maxHashSlotNum=100
maxIndexNum=400
maxMessageSize=16384
flushIntervalCommitLog=200
flushConsumerOffsetInterval=400
flushDelayOffsetInterval=400
registerNameServerPeriod=10000
transactionTimeOut=600
transactionCheckInterval=500
transactionCheckMax=1000
slaveReadEnable=true
cleanFileForciblyEnable=false
`

const PORT = 10911

export interface BrokerPlace {
  /** brokerName */
  readonly group: string
  /** Lines of broker.conf. */
  readonly settings: string
  readonly nameServers: readonly string[]
  /** listenPort, if it is not the usual one. */
  readonly port?: number
  /** Where changes that are made while it runs are kept: they count after a restart, too. Without it they do not. */
  readonly confFile?: string
}

/** Told of what brokers go through. */
export interface BrokerWatcher {
  started(node: BrokerNode): void
  /** Something has happened in it. */
  acted(node: BrokerNode): void
  ending(node: BrokerNode, kind: CrashKind): void
}

/** A broker with its store. */
export class BrokerNode extends Node {
  readonly group: string
  conf: BrokerConf
  #confFile: string | undefined
  readonly #watcher: BrokerWatcher
  /** A power cut may have taken the end of its log, and the controllers have not taken it out of the SyncStateSet yet. */
  mayLackEnd = false
  broker: Broker | undefined

  constructor(machine: Machine, place: BrokerPlace, watcher: BrokerWatcher) {
    super(machine)
    this.group = place.group
    this.#confFile = place.confFile
    this.#watcher = watcher
    this.conf = this.#read(place)
  }

  /**
   * Its conf file is written anew, for its next start: what was changed by hand before is gone. The running broker goes on
   * to write its changes there.
   */
  reconfigure(place: Omit<BrokerPlace, 'confFile'>): void {
    const { disk } = this.machine
    if (this.#confFile !== undefined && disk.stat(this.#confFile) !== undefined) {
      disk.remove(this.#confFile)
      disk.syncFolder(dirname(this.#confFile))
    }
    this.conf = this.#read(place)
  }

  #read({ group, settings, nameServers, port }: BrokerPlace): BrokerConf {
    const { machine } = this
    const named = new Set([...settings.matchAll(/^(\w+)=/gm)].map(([, key]) => key))
    const small = SMALL.split('\n').filter((line) => !named.has(line.split('=')[0]))
    const text = `brokerName=${group}
brokerClusterName=c
listenPort=${port ?? PORT}
brokerIP1=${machine.host}
brokerIP2=${machine.host}
namesrvAddr=${nameServers.join(';')}
${small.join('\n')}${settings}`
    const result = parseBrokerConf(text, 'broker.conf', testEnv)
    if (!result.ok) throw new Error(result.errors.join('\n'))
    return result.conf
  }

  /** With what was changed since the conf file was written. */
  get #confNow(): BrokerConf {
    const { disk } = this.machine
    const file = this.#confFile
    if (file === undefined || disk.stat(file) === undefined) return this.conf
    const { entries } = parseProperties(disk.readFile(file).toString())
    const change = changeBrokerConf(this.conf, new Map(entries.map(({ key, value }) => [key, value])), testEnv)
    if (!change.ok) throw new Error(change.message)
    return change.conf
  }

  get address(): string {
    return `${this.machine.host}:${this.conf.listenPort}`
  }

  /** Controller mode: the id from the controllers, 0 before there is one. */
  get brokerId(): number {
    return this.broker?.controllerBrokerId ?? 0
  }

  protected override async run(process: SimProcess): Promise<void> {
    const { clock, network, logger, disk, random } = process
    const conf = this.#confNow
    const context = () => createNetContext(clock, network, logger, netLimits(conf))
    const door = conf.enableControllerMode ? await Door.open(conf, context()) : undefined
    const broker = new Broker(conf, {
      disk,
      clock,
      network,
      random,
      logger,
      pid: 4711,
      physicalMemoryBytes: 2 ** 33,
      confEnv: testEnv,
      confFile: this.#confFile ?? '/conf/broker.conf',
      ...(door === undefined ? {} : { door }),
    })
    this.broker = broker
    this.#watcher.started(this)
    await broker.start()
  }

  protected override async leave(): Promise<void> {
    await this.broker?.stop()
  }

  protected override ending(kind: CrashKind): void {
    this.#watcher.ending(this, kind)
    this.broker = undefined
  }

  protected override look(): void {
    if (this.broker !== undefined) this.#watcher.acted(this)
  }
}
