import type { LiveControllerConf } from '../../config/controller-conf.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Consensus, ConsensusError } from '../../raft/consensus.ts'
import type { LiveBroker } from '../liveness/live-broker.ts'
import type { LiveTable } from '../liveness/live-table.ts'
import type { RoleNotifier } from '../role-notifier.ts'
import { masterAddressOf } from '../state/broker-group.ts'
import type { ElectMaster } from '../state/command.ts'
import { encodeCommand } from '../state/command-codec.ts'
import type { ControllerState } from '../state/controller-state.ts'
import { decideMaster } from '../state/decide-election.ts'
import type { Decision } from '../state/decision.ts'
import type { ReplicaReport } from '../state/replica-report.ts'

const RETRY_MS = 200

export interface ElectionsOptions {
  readonly consensus: Consensus
  readonly state: ControllerState
  readonly live: LiveTable
  readonly notifier: RoleNotifier
  readonly settings: LiveControllerConf
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Sees to it that every broker group has a master, on the controller that leads: whenever something has happened to a
 * broker or to the leadership, and at intervals in case that was not enough.
 */
export class Elections {
  readonly #options: ElectionsOptions
  /** Groups with an election under way; true when something has happened since it was proposed. */
  readonly #underWay = new Map<string, boolean>()
  #scan: Timer | undefined

  constructor(options: ElectionsOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, settings } = this.#options
    const { scanInactiveMasterInterval } = settings.conf
    this.#scan = clock.every(scanInactiveMasterInterval, () => this.scan('found without a living master'))
  }

  stop(): void {
    this.#scan?.cancel()
  }

  /** This controller has begun to lead. */
  led(): void {
    this.#options.consensus.read((error) => {
      // Without leadership there is nothing to decide.
      if (error === null) this.scan('found without a living master when this controller began to lead')
    })
  }

  scan(reason: string): void {
    if (!this.#options.consensus.isLeader) return
    for (const brokerName of this.#options.state.groups.keys()) this.consider(brokerName, reason)
  }

  /** A broker that was alive is not any more. */
  gone(broker: LiveBroker, reason: string): void {
    const { brokerName, brokerId } = broker
    const { logger, state, consensus } = this.#options
    const isMaster = state.groups.get(brokerName)?.masterBrokerId === brokerId
    logger.warn({ brokerName, brokerId, isMaster, leads: consensus.isLeader, reason }, 'broker gone')
    if (isMaster) this.consider(brokerName, `master ${brokerId} is gone: ${reason}`)
  }

  /** A broker is alive that was not before. */
  came(broker: LiveBroker): void {
    const { brokerName, brokerId, epoch, maxOffset, timeoutMs } = broker
    const { logger, consensus } = this.#options
    logger.info({ brokerName, brokerId, epoch, maxOffset, timeoutMs, leads: consensus.isLeader }, 'broker heard of')
    this.consider(brokerName, `broker ${brokerId} came`)
  }

  /** Proposes an election by the controller itself, if one would change anything as things look now. */
  consider(brokerName: string, reason: string): void {
    this.#try(brokerName, reason, this.#options.settings.conf.electMasterMaxRetryCount)
  }

  /** An election with what is known of the group's brokers now. */
  command(brokerName: string, brokerId: number | undefined, isDesignated: boolean): ElectMaster {
    const { state, live, settings } = this.#options
    const group = state.groups.get(brokerName)
    return {
      kind: 'electMaster',
      brokerName,
      brokerId,
      isDesignated,
      isUncleanAllowed: settings.conf.enableElectUncleanMaster,
      reports: group ? live.reports(group) : [],
    }
  }

  /** To be called for every decision about a master, whoever asked: brokers are told, and a line is logged. */
  decided({ group, change }: Decision, reports: readonly ReplicaReport[], reason: string): void {
    if (!group || change === undefined) return
    const { notifier, settings, logger } = this.#options
    const { cluster, brokerName, masterBrokerId, masterEpoch, syncStateSet, syncStateSetEpoch } = group
    const line = { cluster, brokerName, masterEpoch, syncStateSet, syncStateSetEpoch, reason, replicas: shown(reports) }
    if (masterBrokerId === undefined) {
      logger.warn(line, 'no master')
      return
    }
    logger.info({ masterBrokerId, masterAddress: masterAddressOf(group), ...line }, 'master elected')
    if (settings.conf.notifyBrokerRoleChanged) notifier.notifyAll(group)
  }

  #try(brokerName: string, reason: string, retriesLeft: number): void {
    const { consensus, state } = this.#options
    if (!consensus.isLeader) return
    if (this.#underWay.has(brokerName)) {
      this.#underWay.set(brokerName, true)
      return
    }
    const group = state.groups.get(brokerName)
    // Before the first election nobody is elected but a broker that asks.
    if (!group || group.masterEpoch === 0) return
    const command = this.command(brokerName, undefined, false)
    if (decideMaster(group, command).change !== undefined) this.#propose(command, reason, retriesLeft)
  }

  #propose(command: ElectMaster, reason: string, retriesLeft: number): void {
    const { brokerName } = command
    this.#underWay.set(brokerName, false)
    this.#options.consensus.propose(encodeCommand(command), (error, result) => {
      const wasDisturbed = this.#underWay.get(brokerName)
      this.#underWay.delete(brokerName)
      if (error) {
        this.#failed(error, brokerName, reason, retriesLeft)
        return
      }
      this.decided(result as Decision, command.reports, reason)
      if (wasDisturbed) this.consider(brokerName, reason)
    })
  }

  #failed(error: ConsensusError, brokerName: string, reason: string, retriesLeft: number): void {
    const { logger, clock } = this.#options
    logger.warn({ brokerName, reason, error: error.message, retriesLeft }, 'an election could not be proposed')
    if (retriesLeft > 0) clock.after(RETRY_MS, () => this.#try(brokerName, reason, retriesLeft - 1))
  }
}

/** `2 alive 3/1800`: id, life, epoch and end of the log of each replica. */
function shown(reports: readonly ReplicaReport[]): string {
  return reports.map(({ brokerId, life, epoch, maxOffset }) => `${brokerId} ${life} ${epoch}/${maxOffset}`).join(', ')
}
