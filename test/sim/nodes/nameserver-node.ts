import { EmbeddedController } from '../../../runtime/bin/embedded-controller.ts'
import { embeddedControllerConf, type NamesrvConf, parseNamesrvConf } from '../../../runtime/config/namesrv-conf.ts'
import { testEnv } from '../../../runtime/config/test-env.ts'
import { NameServer } from '../../../runtime/nameserver/nameserver.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import type { SafetyChecker } from '../raft/safety-checker.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'
import { createSimController, type RunningController } from './controller-node.ts'
import { Node } from './node.ts'

export interface EmbeddedPlace {
  readonly id: string
  readonly peers: string
  readonly checker: SafetyChecker
}

/** A name server, with or without a controller in it. */
export class NameServerNode extends Node {
  static readonly PORT = 9876
  readonly #conf: NamesrvConf
  readonly #place: EmbeddedPlace | undefined
  #server: NameServer | undefined
  #embedded: EmbeddedController | undefined
  running: RunningController | undefined

  constructor(machine: Machine, place?: EmbeddedPlace) {
    super(machine)
    this.#place = place
    const quorum =
      place === undefined
        ? ''
        : `enableControllerInNamesrv=true
controllerDLegerGroup=g
controllerDLegerPeers=${place.peers}
controllerDLegerSelfId=${place.id}
controllerStorePath=/controller
`
    const text = `listenPort=${NameServerNode.PORT}\nkvConfigPath=/kv/kvConfig.json\nconfigStorePath=/conf/namesrv.conf\n${quorum}`
    const parsed = parseNamesrvConf(text, 'namesrv.conf', testEnv)
    if (!parsed.ok) throw new Error(parsed.errors.join('; '))
    this.#conf = parsed.conf
  }

  get address(): string {
    return `${this.machine.host}:${NameServerNode.PORT}`
  }

  protected override async run(process: SimProcess): Promise<void> {
    const { clock, network, logger, disk } = process
    const context = createNetContext(clock, network, logger)
    this.#server = new NameServer({ context, disk, conf: this.#conf, env: testEnv })
    await this.#server.start()
    const place = this.#place
    if (place === undefined) return
    this.#embedded = new EmbeddedController({
      clock,
      network,
      logger,
      create: (guestClock, guestNetwork, onFailed) => {
        place.checker.started(place.id)
        this.running = createSimController({
          conf: embeddedControllerConf(this.#conf, testEnv),
          process,
          clock: guestClock,
          network: guestNetwork,
          onFailed,
        })
        return this.running.controller
      },
      onStarted: () => {},
    })
    await this.#embedded.start()
  }

  protected override async leave(): Promise<void> {
    await this.#embedded?.stop()
    this.#server?.stop()
  }

  protected override ending(): void {
    this.#server = undefined
    this.#embedded = undefined
    this.running = undefined
  }

  protected override look(): void {
    const node = this.running?.group.node
    if (node !== undefined) this.#place!.checker.check(this.#place!.id, node)
  }
}
