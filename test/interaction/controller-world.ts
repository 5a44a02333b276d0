import { decodeElectMasterBody } from '../../runtime/codec/controller/elect-master-body.ts'
import { decodeReplicasInfo, type ReplicasInfo } from '../../runtime/codec/controller/replicas-info.ts'
import { decodeSyncStateSet, encodeSyncStateSet } from '../../runtime/codec/controller/sync-state-set.ts'
import { encodeJson } from '../../runtime/codec/json/write-json.ts'
import type { RemotingCommand } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { responseCodeName } from '../../runtime/codec/remoting/response-code.ts'
import { type LogLine, LoneController } from '../../runtime/controller/testing/lone-controller.ts'
import { CommandWords } from './command-words.ts'
import { type Command, parseCommand, type ScriptWorld } from './scripts.ts'

const GROUP = { clusterName: 'c', brokerName: 'g' }
const BEAT_MS = 1000

/** What a broker does when it is told to; a connection of its own per process. */
interface PlayedBroker {
  readonly id: number
  address: string
  processes: number
  isUp: boolean
  readonly beat: { epoch: number; offset: number; timeout: number; priority: number }
}

/** A controller and the brokers of one group, told what to do by a script: controller/README.md lists the commands. */
export class ControllerWorld implements ScriptWorld {
  readonly #lone: LoneController
  readonly #brokers = new Map<number, PlayedBroker>()
  #printed: string[] = []

  constructor() {
    this.#lone = new LoneController('n0-127.0.0.1:9878;n1-127.0.0.1:9879;n2-127.0.0.1:9880')
  }

  start(): Promise<void> {
    return this.#lone.start()
  }

  /** The command, those in the lines below it, and what follows from them. */
  async run(command: Command): Promise<string> {
    this.#printed = []
    for (const each of [command, ...command.input.map((line) => parseCommand(line))]) await this.#runOne(each)
    return this.#printed.join('\n')
  }

  async #runOne(command: Command): Promise<void> {
    const act = this.#commands[command.name]
    if (!act)
      throw new Error(`there is no command ${command.name}; there are: ${Object.keys(this.#commands).join(', ')}`)
    await act(new CommandWords(command))
    await this.#lone.settle()
    this.#printed.push(...this.#lone.lines.splice(0).flatMap(lineText))
    for (const { to, fields, body } of this.#lone.notices.splice(0).sort((a, b) => (a.to < b.to ? -1 : 1))) {
      const set = decodeSyncStateSet(Buffer.from(body))
      const about = masterText(fields['masterBrokerId'], fields['masterEpoch'], set.syncStateSet, set.syncStateSetEpoch)
      this.#printed.push(`notice to ${to}: ${about}`)
    }
  }

  readonly #commands: Readonly<Record<string, (words: CommandWords) => Promise<void> | void>> = {
    start: (words) => this.#start(words),
    beat: (words) => this.#beat(words),
    die: (words) => this.#die(words.number(0)),
    wait: (words) => this.#wait(words.number(0), words.namedIds('silent')),
    freeze: (words) => this.#lone.clock.stall(words.number(0)),
    deaf: (words) => this.#lone.unlisten(this.#broker(words.number(0)).address),
    hear: (words) => this.#lone.listen(this.#broker(words.number(0)).address),
    elect: (words) => this.#elect(words, false),
    designate: (words) => this.#elect(words, true),
    alter: (words) => this.#alter(words),
    clean: (words) => this.#clean(words),
    lead: (words) => this.#lone.consensus.lead(words.at(0) === 'nobody' ? undefined : words.at(0)),
    hold: () => {
      this.#lone.isHeld = true
    },
    release: () => {
      this.#lone.isHeld = false
    },
    conf: (words) => this.#conf(words),
    group: () => this.#group(),
  }

  /** A process starts: it applies for an id if it has none, and registers. */
  async #start(words: CommandWords): Promise<void> {
    const id = words.number(0)
    const known = this.#brokers.get(id)
    const address = words.named('address') ?? known?.address ?? `127.0.0.1:${10_000 + id}`
    const cluster = { clusterName: words.named('cluster') ?? 'c', brokerName: 'g' }
    const beat = { epoch: 0, offset: 0, timeout: 3000, priority: 2 ** 31 - 1 }
    const broker = known ?? { id, address, processes: 0, isUp: false, beat }
    this.#brokers.set(id, broker)
    if (broker.isUp && !words.has('unnoticed')) await this.#lone.close(connectionOf(broker))
    broker.processes++
    if (address !== broker.address) this.#lone.unlisten(broker.address)
    if (!known || address !== broker.address) await this.#lone.listen(address)
    broker.address = address
    if (!known) {
      const fields = { ...cluster, appliedBrokerId: id, registerCheckCode: `${address};${id}` }
      const applied = await this.#ask(broker, RequestCode.CONTROLLER_APPLY_BROKER_ID, fields)
      if (applied.code !== 0) {
        this.#brokers.delete(id)
        return this.#print(`apply ${id}`, applied, '')
      }
    }
    broker.isUp = true
    const fields = { ...cluster, brokerId: id, brokerAddress: address, logIntact: words.has('intact') }
    const answer = await this.#ask(broker, RequestCode.CONTROLLER_REGISTER_BROKER, fields)
    this.#print(`register ${id}`, answer, answer.code === 0 ? setAndMaster(answer) : '')
  }

  async #beat(words: CommandWords): Promise<void> {
    const broker = this.#broker(words.number(0))
    for (const key of ['epoch', 'offset', 'timeout', 'priority'] as const) {
      broker.beat[key] = words.namedNumber(key) ?? broker.beat[key]
    }
    const fields = { ...beatFields(broker), ...(words.has('asking') ? { withRole: true } : {}) }
    const from = words.named('from')
    const moved = from === undefined ? fields : { ...fields, brokerAddr: from }
    const answer = await this.#ask(broker, RequestCode.BROKER_HEARTBEAT, moved, undefined, from)
    if (words.has('asking')) this.#print(`beat ${broker.id}`, answer, JSON.stringify(answer.fields))
    if (answer.code !== 0) this.#print(`beat ${broker.id}`, answer, '')
  }

  async #die(id: number): Promise<void> {
    const broker = this.#broker(id)
    broker.isUp = false
    await this.#lone.close(connectionOf(broker))
  }

  /** Time passes; all that run send their heartbeats, but for the silent ones. */
  async #wait(ms: number, silent: readonly number[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += BEAT_MS) {
      await this.#lone.advance(Math.min(BEAT_MS, ms - passed))
      for (const broker of this.#brokers.values()) {
        if (!broker.isUp || silent.includes(broker.id)) continue
        await this.#ask(broker, RequestCode.BROKER_HEARTBEAT, beatFields(broker))
      }
    }
  }

  async #elect(words: CommandWords, designateElect: boolean): Promise<void> {
    const id = words.number(0)
    const fields = { ...GROUP, brokerId: id, designateElect }
    const answer = await this.#ask(this.#brokers.get(id), RequestCode.CONTROLLER_ELECT_MASTER, fields)
    const { masterBrokerId, masterEpoch, syncStateSetEpoch } = answer.fields
    const set = answer.body ? decodeElectMasterBody(answer.body).syncStateSet : []
    const about = answer.body ? masterText(masterBrokerId, masterEpoch, set, Number(syncStateSetEpoch)) : ''
    this.#print(`${designateElect ? 'designate' : 'elect'} ${id}`, answer, about)
  }

  /** The epochs are those of the group unless others are given. */
  async #alter(words: CommandWords): Promise<void> {
    const broker = this.#broker(words.number(0))
    const info = await this.#ask(broker, RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: 'g' })
    const masterEpoch = words.namedNumber('epoch') ?? Number(info.fields['masterEpoch'])
    const known = info.body ? decodeSyncStateSet(info.body).syncStateSetEpoch : 0
    const body = encodeSyncStateSet({
      syncStateSet: words.namedIds('set'),
      syncStateSetEpoch: words.namedNumber('at') ?? known,
    })
    const fields = { brokerName: 'g', masterBrokerId: broker.id, masterEpoch }
    const answer = await this.#ask(broker, RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, fields, body)
    this.#print(`alter ${broker.id}`, answer, answer.body ? setText(answer.body) : '')
  }

  async #clean(words: CommandWords): Promise<void> {
    const ids = words.at(0) === 'all' ? undefined : words.at(0)
    const fields = { ...GROUP, brokerControllerIdsToClean: ids, isCleanLivingBroker: words.has('living') }
    const answer = await this.#ask(undefined, RequestCode.CLEAN_BROKER_DATA, fields)
    this.#print(`clean ${words.at(0)}`, answer, '')
  }

  async #conf(words: CommandWords): Promise<void> {
    const key = words.at(0)
    const body = Buffer.from(`${key}=${words.at(1)}\n`)
    this.#print(`conf ${key}`, await this.#ask(undefined, RequestCode.UPDATE_CONTROLLER_CONFIG, {}, body), '')
  }

  async #group(): Promise<void> {
    const answer = await this.#ask(undefined, RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, encodeJson(['g']))
    const info = answer.body && decodeReplicasInfo(answer.body).get('g')
    this.#print('group', answer, info ? infoText(info) : 'not known')
  }

  #broker(id: number): PlayedBroker {
    const broker = this.#brokers.get(id)
    if (!broker) throw new Error(`broker ${id} was never started`)
    return broker
  }

  #ask(
    broker: PlayedBroker | undefined,
    code: number,
    fields: Record<string, string | number | boolean | undefined>,
    body?: Uint8Array,
    connection?: string,
  ): Promise<RemotingCommand> {
    const on = connection ?? (broker ? connectionOf(broker) : 'tool')
    return this.#lone.ask(on, { code, fields, body })
  }

  #print(asked: string, { code, remark }: RemotingCommand, about: string): void {
    const outcome = code === 0 ? 'ok' : `${responseCodeName(code)}${remark === undefined ? '' : ` (${remark})`}`
    this.#printed.push(`${asked}: ${outcome}${about === '' ? '' : `, ${about}`}`)
  }
}

function connectionOf({ id, processes }: PlayedBroker): string {
  return `${id}.${processes}`
}

function beatFields({ id, address, beat }: PlayedBroker) {
  return {
    ...GROUP,
    brokerId: id,
    brokerAddr: address,
    epoch: beat.epoch,
    maxOffset: beat.offset,
    heartbeatTimeoutMills: beat.timeout,
    electionPriority: beat.priority,
  }
}

function masterText(id: string | undefined, epoch: string | undefined, set: readonly number[], at: number): string {
  return `${id === undefined ? 'no master' : `master ${id}`}, epoch ${epoch}, set {${set.join(' ')}}@${at}`
}

function setText(body: Buffer): string {
  const { syncStateSet, syncStateSetEpoch } = decodeSyncStateSet(body)
  return `set {${syncStateSet.join(' ')}}@${syncStateSetEpoch}`
}

function setAndMaster({ fields, body }: RemotingCommand): string {
  const { masterBrokerId, masterEpoch } = fields
  return `${masterBrokerId === undefined ? 'no master' : `master ${masterBrokerId}, epoch ${masterEpoch}`}, ${setText(body!)}`
}

function infoText({ masterBrokerId, masterEpoch, syncStateSetEpoch, inSyncReplicas, notInSyncReplicas }: ReplicasInfo) {
  const lives = (replicas: ReplicasInfo['inSyncReplicas']): string =>
    `{${replicas.map(({ brokerId, alive }) => (alive ? brokerId : `${brokerId} dead`)).join(', ')}}`
  const master = masterBrokerId === undefined ? 'no master' : `master ${masterBrokerId}`
  return `${master}, epoch ${masterEpoch}, set ${lives(inSyncReplicas)}@${syncStateSetEpoch}, others ${lives(notInSyncReplicas)}`
}

/** Of the log what is said about masters and brokers. */
function lineText({ message, fields }: LogLine): string[] {
  const { masterBrokerId, masterEpoch, brokerId, reason, replicas, address, error } = fields
  switch (message) {
    case 'master elected':
      return [`log: master ${masterBrokerId} elected, epoch ${masterEpoch}; ${reason}; ${replicas}`]
    case 'no master':
      return [`log: ${message}, epoch ${masterEpoch}; ${reason}; ${replicas}`]
    case 'SyncStateSet shrunk':
      return [`log: set {${String(fields['syncStateSet']).replaceAll(',', ' ')}}; ${reason}`]
    case 'broker gone':
      return [`log: broker ${brokerId} gone: ${reason}`]
    case 'cannot tell a broker its new role':
      return [`log: ${message}: ${address}: ${error}`]
    case 'heartbeats ignored: they are not from the broker that has registered with this id':
      return [`log: ${message}: ${address} as broker ${brokerId}`]
    case 'an election could not be proposed':
      return [`log: ${message}: ${error}`]
    default:
      return []
  }
}
