import { createHash } from 'node:crypto'
import { type Begun, messagesOf, WholeBroker } from '../../runtime/broker/testing/whole-broker.ts'
import type { RemotingCommand } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { SeededRandom } from './seeded-random.ts'
import type { CrashKind } from './sim-disk.ts'

const SMALL_FILES = `mappedFileSizeCommitLog=65536
flushIntervalCommitLog=200
flushConsumerOffsetInterval=300
flushDelayOffsetInterval=300
autoCreateTopicEnable=true
`
const SLAVE = `${SMALL_FILES}brokerRole=SLAVE
brokerId=1
listenPort=10921
slaveReadEnable=true
haMasterAddress=127.0.0.1:10912
`
const QUEUES = 3
const CRASHES: readonly CrashKind[] = ['process', 'power', 'power-worst']

interface Sent {
  readonly id: number
  readonly queueId: number
  readonly digest: string
  readonly waits: boolean
  readonly isDelayed: boolean
  readonly begun: Begun
  state: 'pending' | 'acked' | 'weak' | 'refused' | 'unknown'
  queueOffset: number
  phyOffset: number
  /** The worst that the master's machine has gone through since the answer. */
  survived: CrashKind | undefined
  isGone: boolean
  /** A crash of the slave's machine since: what it held only in memory may be gone. */
  slaveLostPower: boolean
}

function digestOf(body: Uint8Array): string {
  return createHash('sha1').update(body).digest('hex')
}

/** One seeded life of a master and its slave: sends, pulls, failing writes, crashes; what was promised is looked for. */
export class BrokerCrashes {
  readonly #random: SeededRandom
  readonly #isSyncFlush: boolean
  readonly #isSyncMaster: boolean
  readonly #sent: Sent[] = []
  readonly #seed: number
  #master!: WholeBroker
  #slave!: WholeBroker
  #slaveSeed = 0
  #trace: string[] = []
  acked = 0
  crashes = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#random = new SeededRandom(seed)
    this.#isSyncFlush = this.#random.below(2) === 0
    this.#isSyncMaster = this.#random.below(2) === 0
  }

  async run(steps: number): Promise<void> {
    const flush = this.#isSyncFlush ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'
    const role = this.#isSyncMaster ? 'SYNC_MASTER' : 'ASYNC_MASTER'
    this.#master = await WholeBroker.start(`${SMALL_FILES}flushDiskType=${flush}\nbrokerRole=${role}\n`, {
      seed: this.#seed,
      syncs: 'manual',
    })
    await this.#newSlave()
    try {
      for (let i = 0; i < steps; i++) await this.#step()
      await this.#finish()
    } catch (error) {
      throw new Error(`seed ${this.#seed} (${flush}, ${role}): ${String(error)}\n${this.#trace.join('\n')}`, {
        cause: error,
      })
    }
  }

  async #newSlave(): Promise<void> {
    this.#slaveSeed++
    const seed = this.#seed * 1000 + this.#slaveSeed
    this.#slave = await WholeBroker.start(SLAVE, { seed, syncs: 'manual' }, this.#master)
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100)
    if (dice < 45) this.#sendSome()
    else if (dice < 60) await this.#rounds(1 + this.#random.below(4))
    else if (dice < 75) this.#syncSome()
    else if (dice < 85) await this.#passTime()
    else if (dice < 89) await this.#commitOffsets()
    else if (dice < 92) this.#failWrite()
    else if (dice < 97) await this.#crashMaster()
    else await this.#crashSlave()
    this.#collect()
  }

  #sendSome(): void {
    const count = 1 + this.#random.below(8)
    this.#trace.push(`send ${count} from id ${this.#sent.length}`)
    for (let i = 0; i < count; i++) {
      const id = this.#sent.length
      const sizeBytes = this.#random.below(8) === 0 ? this.#random.below(30_000) : this.#random.below(600)
      const body = Buffer.concat([Buffer.from(`${id}:`), this.#random.bytes(8), Buffer.alloc(sizeBytes, id)])
      const queueId = this.#random.below(QUEUES)
      const isDelayed = this.#random.below(6) === 0
      const waits = this.#random.below(6) > 0
      const properties = `KEYS\x01k${id}\x02${isDelayed ? 'DELAY\x011\x02' : ''}${waits ? '' : 'WAIT\x01false\x02'}`
      const begun = this.#master.beginSend('T', { body, properties, queueId })
      this.#sent.push({
        id,
        queueId,
        digest: digestOf(body),
        waits,
        isDelayed,
        begun,
        state: 'pending',
        queueOffset: -1,
        phyOffset: -1,
        survived: undefined,
        isGone: false,
        slaveLostPower: false,
      })
      begun.promise.then(
        (answer) => this.#answered(id, answer),
        () => {
          this.#sent[id]!.state = 'unknown'
        },
      )
    }
  }

  #answered(id: number, answer: RemotingCommand): void {
    const sent = this.#sent[id]!
    if (answer.fields['queueOffset'] !== undefined) {
      sent.queueOffset = Number(answer.fields['queueOffset'])
      sent.phyOffset = Number.parseInt(answer.fields['msgId']!.slice(-16), 16)
      sent.state = answer.code === ResponseCode.SUCCESS && sent.waits ? 'acked' : 'weak'
      this.acked++
    } else {
      sent.state = 'refused'
    }
  }

  /** What happened to answers is looked at only between steps. */
  #collect(): void {
    for (const sent of this.#sent) {
      if (sent.state === 'acked' && this.#isSyncMaster && sent.survived === undefined && !sent.slaveLostPower) {
        this.#checkOnSlave(sent)
      }
    }
  }

  #checkOnSlave(sent: Sent): void {
    const { store } = this.#slave.broker
    const { isDelayed, phyOffset, id } = sent
    if (store.writtenOffset <= phyOffset) throw new Error(`message ${id} is acknowledged, but the slave lacks it`)
    if (!isDelayed && store.dispatchedOffset > phyOffset) this.#checkAt(this.#slave, sent, 'slave')
  }

  async #rounds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#master.network.deliver()
      this.#master.clock.finishTurn()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #syncSome(): void {
    if (this.#random.below(3) > 0) this.#master.disk.completeSyncs()
    if (this.#random.below(3) > 0) this.#slave.disk.completeSyncs()
  }

  async #passTime(): Promise<void> {
    this.#master.clock.advance(100 + this.#random.below(700))
    await this.#rounds(1)
  }

  async #quiet(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#master.settle()
      this.#master.disk.completeSyncs()
      this.#slave.disk.completeSyncs()
    }
  }

  async #commitOffsets(): Promise<void> {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const commitOffset = this.#master.broker.store.findQueue('T', queueId)?.maxOffset ?? 0
      this.#master.broker.tables.offsets.commit('cg', 'T', queueId, commitOffset)
    }
    await this.#rounds(1)
  }

  #failWrite(): void {
    const code = this.#random.below(2) === 0 ? 'EIO' : 'ENOSPC'
    const disk = this.#random.below(3) === 0 ? this.#slave.disk : this.#master.disk
    const nth = 1 + this.#random.below(3)
    this.#trace.push(`fail write ${nth} of ${disk === this.#master.disk ? 'master' : 'slave'}: ${code}`)
    disk.fail({ nth, code, operations: ['write'], path: /commitlog/ })
  }

  async #crashMaster(): Promise<void> {
    const kind = CRASHES[this.#random.below(CRASHES.length)]!
    this.#trace.push(`crash master: ${kind}`)
    this.crashes++
    this.#master.crash(kind)
    await this.#rounds(3)
    for (const sent of this.#sent) {
      if (sent.state === 'pending') sent.state = 'unknown'
      if (kind !== 'process') sent.survived = kind
      else sent.survived ??= kind
    }
    await this.#master.startAgain()
    this.#checkMaster()
    this.#checkOffsets()
    if (this.#slave.broker.store.writtenOffset > this.#master.broker.store.writtenOffset) {
      if (this.#isSyncFlush && kind === 'process') throw new Error('the slave is ahead of its master')
      await this.#replaceSlave()
    }
  }

  /** The master lost what the slave still had: an operator empties the slave. */
  async #replaceSlave(): Promise<void> {
    this.#trace.push('slave is emptied')
    this.#slave.crash('process')
    for (const sent of this.#sent) sent.slaveLostPower = true
    await this.#rounds(3)
    await this.#newSlave()
  }

  async #crashSlave(): Promise<void> {
    const kind = CRASHES[this.#random.below(CRASHES.length)]!
    this.#trace.push(`crash slave: ${kind}`)
    this.crashes++
    this.#slave.crash(kind)
    // A process that dies loses the last, unfinished record: it comes again.
    for (const sent of this.#sent) if (kind !== 'process') sent.slaveLostPower = true
    await this.#rounds(3)
    await this.#slave.startAgain()
  }

  /** Whether the configuration keeps a message through what has happened since its answer. */
  #mustBeThere(sent: Sent): boolean {
    if (sent.isGone || (sent.state !== 'acked' && sent.state !== 'weak')) return false
    if (sent.survived === undefined || sent.survived === 'process') return true
    return this.#isSyncFlush && sent.state === 'acked'
  }

  #checkMaster(): void {
    for (const sent of this.#sent) {
      if (sent.queueOffset < 0 || sent.isDelayed || sent.isGone) continue
      const queue = this.#master.broker.store.findQueue('T', sent.queueId)
      if (queue !== undefined && sent.queueOffset < queue.maxOffset && this.#isStill(sent)) continue
      if (this.#mustBeThere(sent)) throw new Error(`message ${sent.id} was ${sent.state} and is lost`)
      sent.isGone = true
    }
    this.#checkQueues(this.#master, 'master')
  }

  #isStill(sent: Sent): boolean {
    return this.#digestAt(this.#master, sent.queueId, sent.queueOffset) === sent.digest
  }

  #checkAt(whole: WholeBroker, sent: Sent, where: string): void {
    const found = this.#digestAt(whole, sent.queueId, sent.queueOffset)
    if (found !== sent.digest) throw new Error(`message ${sent.id} is not what stands at its offset on the ${where}`)
  }

  #digestAt(whole: WholeBroker, queueId: number, queueOffset: number): string | undefined {
    const { store } = whole.broker
    const queue = store.findQueue('T', queueId)
    let found: string | undefined
    store.pull(queue, queueOffset, 1, 1 << 20, undefined, {
      take: (bytes, start, length) => {
        const [message] = messagesOf({ body: Buffer.from(bytes.subarray(start, start + length)) } as RemotingCommand)
        found = message?.queueOffset === queueOffset ? digestOf(message.body) : 'another offset'
      },
    })
    return found
  }

  /** Every offset has a message, none stands there twice, and they are in the order in which they were sent. */
  #checkQueues(whole: WholeBroker, where: string): void {
    const byDigest = new Map(this.#sent.map((sent) => [sent.digest, sent]))
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const queue = whole.broker.store.findQueue('T', queueId)
      let last = -1
      for (let offset = 0; offset < (queue?.maxOffset ?? 0); offset++) {
        const digest = this.#digestAt(whole, queueId, offset)
        const sent = digest === undefined ? undefined : byDigest.get(digest)
        if (sent === undefined) throw new Error(`nothing that was sent stands at ${queueId}:${offset} on the ${where}`)
        if (sent.state === 'refused' && sent.survived === undefined)
          throw new Error(`message ${sent.id} was refused and is there`)
        if (sent.isDelayed) continue
        if (sent.id <= last) throw new Error(`message ${sent.id} stands behind ${last} in queue ${queueId}`)
        last = sent.id
      }
    }
  }

  #checkOffsets(): void {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const committed = this.#master.broker.tables.offsets.query('cg', 'T', queueId)
      const maxOffset = this.#master.broker.store.findQueue('T', queueId)?.maxOffset ?? 0
      if (committed > maxOffset)
        throw new Error(`the group is at ${committed} of queue ${queueId}, which ends at ${maxOffset}`)
    }
  }

  /** Everything comes to rest: all is answered, delayed messages are delivered, the slave has what the master has. */
  async #finish(): Promise<void> {
    this.#master.disk.clearFaults()
    this.#slave.disk.clearFaults()
    for (let i = 0; i < 16; i++) {
      this.#master.clock.advance(500)
      await this.#quiet()
    }
    this.#checkMaster()
    this.#checkQueues(this.#slave, 'slave')
    this.#checkDelayed()
    const [master, slave] = [this.#master.broker.store.writtenOffset, this.#slave.broker.store.writtenOffset]
    if (master !== slave) throw new Error(`the slave ends at ${slave}, the master at ${master}`)
    for (const sent of this.#sent.filter((one) => !one.isGone && one.queueOffset >= 0 && !one.isDelayed)) {
      const found = this.#master.broker.store.queryByKey('T', `k${sent.id}`, 64, 0, Number.MAX_SAFE_INTEGER)
      if (!found.phyOffsets.includes(sent.phyOffset)) throw new Error(`message ${sent.id} is not found by its key`)
    }
    const answer = await this.#master.ask(RequestCode.GET_MAX_OFFSET, { fields: { topic: 'T', queueId: 0 } })
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`the master answers ${answer.code}`)
  }

  #checkDelayed(): void {
    const there = new Set<string>()
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const queue = this.#master.broker.store.findQueue('T', queueId)
      for (let offset = 0; offset < (queue?.maxOffset ?? 0); offset++) {
        there.add(this.#digestAt(this.#master, queueId, offset)!)
      }
    }
    for (const sent of this.#sent) {
      if (!sent.isDelayed || !this.#mustBeThere(sent) || there.has(sent.digest)) continue
      throw new Error(`delayed message ${sent.id} was ${sent.state} and is not delivered`)
    }
  }
}
