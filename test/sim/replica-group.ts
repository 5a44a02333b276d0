import { Broker } from '../../runtime/broker/broker.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { parseBrokerConf } from '../../runtime/config/broker-conf.ts'
import { parseControllerConf } from '../../runtime/config/controller-conf.ts'
import { parsePeers } from '../../runtime/config/controller-peers.ts'
import { testEnv } from '../../runtime/config/test-env.ts'
import { Controller } from '../../runtime/controller/controller.ts'
import { SingleConsensus } from '../../runtime/controller/testing/single-consensus.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import type { Logger } from '../../runtime/observe/logger.ts'
import { LoopNetwork } from './loop-network.ts'
import { ManualClock } from './manual-clock.ts'
import { MortalProcess } from './mortal-process.ts'
import { SeededRandom } from './seeded-random.ts'
import { type CrashKind, SimDisk } from './sim-disk.ts'

const CONTROLLER = '127.0.0.1:9877'
const START_MS = 1_700_000_000_000
const STEP_MS = 50

interface Member {
  readonly disk: SimDisk
  process: MortalProcess
  broker: Broker
  isRunning: boolean
}

/** One controller, the brokers of one group and a client, in one process: time passes and bytes arrive when told. */
export class ReplicaGroup {
  readonly clock = new ManualClock(START_MS)
  readonly network = new LoopNetwork()
  readonly lines: string[] = []
  readonly #settings: string
  readonly #members: Member[] = []
  readonly #client: RemotingClient
  #consensus!: SingleConsensus
  #controllerProcess: MortalProcess
  #controllerDisk = new SimDisk()

  private constructor(settings: string) {
    this.#settings = settings
    this.#controllerProcess = new MortalProcess(this.clock, this.network)
    this.#client = new RemotingClient(createNetContext(this.clock, this.network, this.#logger('client')), {
      connectTimeoutMs: 1000,
    })
  }

  /** `settings`: lines of broker.conf for every broker. */
  static async start(brokers: number, settings = ''): Promise<ReplicaGroup> {
    const group = new ReplicaGroup(settings)
    await group.#startController()
    for (let i = 0; i < brokers; i++) {
      group.#members.push(group.#newMember(i, new SimDisk()))
      await group.#members[i]!.broker.start()
      await group.advance(500)
    }
    return group
  }

  broker(index: number): Broker {
    return this.#members[index]!.broker
  }

  /** Index of the broker that takes itself for the master; the only one, or -1. */
  get master(): number {
    const masters = this.#members.flatMap(({ broker, isRunning }, index) =>
      isRunning && broker.isMaster ? [index] : [],
    )
    if (masters.length > 1) throw new Error(`brokers ${masters} are all masters`)
    return masters[0] ?? -1
  }

  crash(index: number, kind: CrashKind = 'process'): void {
    const member = this.#members[index]!
    member.process.kill()
    member.disk.crash(kind)
    member.isRunning = false
  }

  async startAgain(index: number): Promise<void> {
    const { disk } = this.#members[index]!
    this.#members[index] = this.#newMember(index, disk)
    await this.#members[index].broker.start()
    await this.settle()
  }

  /** Stops a broker in good order; resolves when that is done, while time passes. */
  async stop(index: number): Promise<void> {
    const member = this.#members[index]!
    await member.broker.stop()
    member.process.kill()
    member.isRunning = false
  }

  /** Has the controllers elect a broker, as `mqadmin electMaster` does. */
  async elect(brokerId: number): Promise<RemotingCommand> {
    const fields = { clusterName: 'DefaultCluster', brokerName: 'broker-a', brokerId, designateElect: true }
    return this.#answered(
      `electMaster ${brokerId}`,
      this.#client.invoke(CONTROLLER, { code: RequestCode.CONTROLLER_ELECT_MASTER, fields }, 60_000),
    )
  }

  killController(): void {
    this.#controllerProcess.kill()
  }

  ask(index: number, code: number, request: Omit<RequestDraft, 'code'>): Promise<RemotingCommand> {
    const asked = this.#client.invoke(portOf(index), { code, ...request }, 60_000)
    return this.#answered(`request ${code} to broker ${index}`, asked)
  }

  /** Lets time pass until the answer is there. */
  async #answered(what: string, asked: Promise<RemotingCommand>): Promise<RemotingCommand> {
    let answer: RemotingCommand | undefined
    let failure: unknown
    asked.then(
      (response) => {
        answer = response
      },
      (error) => {
        failure = error
      },
    )
    for (let waitedMs = 0; answer === undefined && failure === undefined && waitedMs < 4_000; waitedMs += STEP_MS) {
      await this.advance(STEP_MS)
    }
    if (failure !== undefined) throw failure
    if (answer === undefined) throw new Error(`${what} is not answered`)
    return answer
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.advance(STEP_MS)
      await this.settle()
    }
  }

  /** Until nothing is under way any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await new Promise((resolve) => setImmediate(resolve))
      this.clock.finishTurn()
      quiet = [this.#consensus.settle(), this.network.deliver()].some(Boolean) ? 0 : quiet + 1
    }
  }

  async #startController(): Promise<void> {
    const peers = `n0-${CONTROLLER}`
    const text = `controllerDLegerGroup=g\ncontrollerDLegerPeers=${peers}\ncontrollerDLegerSelfId=n0\n`
    const parsed = parseControllerConf(text, 'controller.conf', testEnv)
    if (!parsed.ok) throw new Error(parsed.errors.join('; '))
    const { clock, network } = this.#controllerProcess
    const controller = new Controller({
      context: createNetContext(clock, network, this.#logger('controller')),
      disk: this.#controllerDisk,
      conf: parsed.conf,
      env: testEnv,
      confFile: '/etc/controller.conf',
      join: (machine) => {
        this.#consensus = new SingleConsensus(machine, parsePeers(peers).peers, 'n0')
        return this.#consensus
      },
    })
    await controller.start()
    await this.settle()
  }

  #newMember(index: number, disk: SimDisk): Member {
    const process = new MortalProcess(this.clock, this.network)
    const port = 10911 + 10 * index
    const text = `brokerName=broker-a
listenPort=${port}
brokerIP1=127.0.0.1
brokerIP2=127.0.0.1
storePathRootDir=/store
mappedFileSizeCommitLog=65536
mappedFileSizeConsumeQueue=2000
maxHashSlotNum=100
maxIndexNum=400
slaveReadEnable=true
enableControllerMode=true
controllerAddr=${CONTROLLER}
controllerHeartBeatTimeoutMills=3000
${this.#settings}`
    const result = parseBrokerConf(text, 'broker.conf', testEnv)
    if (!result.ok) throw new Error(result.errors.join('\n'))
    const broker = new Broker(result.conf, {
      disk,
      clock: process.clock,
      network: process.network,
      random: new SeededRandom(index + 1),
      logger: this.#logger(`broker ${index}`),
      pid: 4711,
      physicalMemoryBytes: 2 ** 33,
      confEnv: testEnv,
      confFile: '/conf/broker.conf',
    })
    return { disk, process, broker, isRunning: true }
  }

  #logger(who: string): Logger {
    const keep = (level: string) => (fields: object, message: string) => {
      const text = JSON.stringify(fields, (_, value) => (value instanceof Error ? String(value.stack) : value))
      this.lines.push(`${this.clock.now() - START_MS} ${who} ${level} ${message} ${text}`)
    }
    return { debug() {}, info: keep('info'), warn: keep('warn'), error: keep('error') }
  }
}

export const portOf = (index: number): string => `127.0.0.1:${10911 + 10 * index}`
