import { type ControllerConf, parseControllerConf } from '../../../runtime/config/controller-conf.ts'
import { testEnv } from '../../../runtime/config/test-env.ts'
import { Controller } from '../../../runtime/controller/controller.ts'
import { raftMember } from '../../../runtime/controller/raft-member.ts'
import type { Clock } from '../../../runtime/io/clock.ts'
import type { Network } from '../../../runtime/io/network.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import type { RaftGroup } from '../../../runtime/raft/raft-group.ts'
import type { SafetyChecker } from '../raft/safety-checker.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'
import { Node } from './node.ts'

/** A controller as its process holds it. */
export interface RunningController {
  readonly controller: Controller
  readonly group: RaftGroup
}

export interface ControllerPlace {
  readonly conf: ControllerConf
  readonly process: SimProcess
  readonly clock: Clock
  readonly network: Network
  readonly onFailed: (error: Error) => unknown
}

/** The real controller with its raft member, as `bin/create-controller.ts` puts it together. */
export function createSimController({ conf, process, clock, network, onFailed }: ControllerPlace): RunningController {
  const { disk, random, logger } = process
  const context = createNetContext(clock, network, logger)
  const join = raftMember({ context, disk, random, conf, onFailed })
  let group!: RaftGroup
  const controller = new Controller({
    context,
    disk,
    conf,
    env: testEnv,
    confFile: '/conf/controller.conf',
    join: (machine, server) => {
      group = join(machine, server)
      return group
    },
  })
  return { controller, group }
}

/** A controller in a process of its own. */
export class ControllerNode extends Node {
  readonly id: string
  readonly #conf: ControllerConf
  readonly #checker: SafetyChecker
  running: RunningController | undefined

  constructor(machine: Machine, id: string, peers: string, checker: SafetyChecker) {
    super(machine)
    this.id = id
    this.#checker = checker
    const text = `controllerDLegerGroup=g
controllerDLegerPeers=${peers}
controllerDLegerSelfId=${id}
controllerStorePath=/controller
`
    const parsed = parseControllerConf(text, 'controller.conf', testEnv)
    if (!parsed.ok) throw new Error(parsed.errors.join('; '))
    this.#conf = parsed.conf
  }

  protected override async run(process: SimProcess): Promise<void> {
    this.#checker.started(this.id)
    const { clock, network } = process
    const onFailed = (error: Error) => process.isDead || this.machine.world.fail(error)
    this.running = createSimController({ conf: this.#conf, process, clock, network, onFailed })
    await this.running.controller.start()
  }

  protected override async leave(): Promise<void> {
    await this.running?.controller.stop()
  }

  protected override ending(): void {
    this.running = undefined
  }

  protected override look(): void {
    const node = this.running?.group.node
    if (node !== undefined) this.#checker.check(this.id, node)
  }
}
