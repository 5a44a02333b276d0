import type { StateMachine } from '../../raft/consensus.ts'
import type { BrokerGroup } from './broker-group.ts'
import type { Command } from './command.ts'
import { decodeCommand } from './command-codec.ts'
import { decideBrokerId } from './decide-broker-id.ts'
import { decideCleaning } from './decide-cleaning.ts'
import { decideMaster } from './decide-election.ts'
import { decideRegistration } from './decide-registration.ts'
import { decideSyncStateSet } from './decide-sync-state-set.ts'
import type { Decision } from './decision.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts'

/** Told of every change, on every controller. `group` is undefined when it is gone. */
export type GroupListener = (brokerName: string, group: BrokerGroup | undefined) => void

/** The broker groups by name: what the controllers agree on (source: ReplicasInfoManager). */
export class ControllerState implements StateMachine {
  readonly #groups = new Map<string, BrokerGroup>()
  readonly #onChange: GroupListener

  constructor(onChange: GroupListener) {
    this.#onChange = onChange
  }

  get groups(): ReadonlyMap<string, BrokerGroup> {
    return this.#groups
  }

  /** @throws MalformedBytesError for a command of a newer controller: this one must not go on */
  apply(_index: number, bytes: Uint8Array): Decision {
    const command = decodeCommand(bytes)
    const decision = this.#decide(command)
    if (decision.change !== undefined) this.#put(command.brokerName, decision.group)
    return decision
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#groups.values())
  }

  /** @throws MalformedBytesError; the state is then as it was */
  restore(bytes: Uint8Array): void {
    const groups = decodeSnapshot(bytes)
    const names = new Set(groups.map((group) => group.brokerName))
    for (const name of [...this.#groups.keys()]) if (!names.has(name)) this.#put(name, undefined)
    for (const group of groups) this.#put(group.brokerName, group)
  }

  #decide(command: Command): Decision {
    const group = this.#groups.get(command.brokerName)
    switch (command.kind) {
      case 'alterSyncStateSet':
        return decideSyncStateSet(group, command)
      case 'applyBrokerId':
        return decideBrokerId(group, command, this.#groups.size)
      case 'registerBroker':
        return decideRegistration(group, command)
      case 'electMaster':
        return decideMaster(group, command)
      case 'cleanBrokerData':
        return decideCleaning(group, command)
    }
  }

  #put(brokerName: string, group: BrokerGroup | undefined): void {
    if (group) this.#groups.set(brokerName, group)
    else this.#groups.delete(brokerName)
    this.#onChange(brokerName, group)
  }
}
