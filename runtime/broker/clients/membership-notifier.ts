import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { Turn } from '../../net/turn.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerGroup } from './consumer-group.ts'

export interface NotifierSettings {
  readonly notifyConsumerIdsChangedEnable: boolean
  /** False: changes are gathered until `notifyGathered`. */
  readonly realTimeNotifyConsumerChange: boolean
}

/**
 * Tells the members of a group that consumers came or went (NOTIFY_CONSUMER_IDS_CHANGED), so that they share the queues
 * anew at once and not at their next round. Any number of changes in a turn is one message per member.
 */
export class MembershipNotifier {
  readonly #turn: Turn
  readonly #settings: Current<NotifierSettings>
  readonly #changed = new Set<ConsumerGroup>()

  constructor(turn: Turn, settings: Current<NotifierSettings>) {
    this.#turn = turn
    this.#settings = settings
    turn.onEnd(() => {
      if (this.#settings.current.realTimeNotifyConsumerChange) this.notifyGathered()
    })
  }

  /** A {@link MembershipListener}. */
  changed(group: ConsumerGroup): void {
    if (!this.#settings.current.notifyConsumerIdsChangedEnable) return
    this.#changed.add(group)
    this.#turn.touch()
  }

  notifyGathered(): void {
    if (this.#changed.size === 0) return
    for (const group of this.#changed) {
      const request = { code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, fields: { consumerGroup: group.name } }
      for (const channel of group.members.keys()) channel.sendOneway(request)
    }
    this.#changed.clear()
  }
}
