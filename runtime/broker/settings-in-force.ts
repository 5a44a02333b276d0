import type { BrokerConf } from '../config/broker-conf.ts'

/**
 * The settings in force. One object for as long as the broker runs, in which values change: a part that is given it when it
 * is made, and reads a key each time it matters, goes by what was set last. A part that keeps a value of its own asks to be
 * told.
 */
export class SettingsInForce {
  readonly current: BrokerConf
  readonly #listeners: (() => void)[] = []

  constructor(conf: BrokerConf) {
    this.current = { ...conf }
  }

  change(values: Partial<BrokerConf>): void {
    Object.assign(this.current, values)
    for (const listener of this.#listeners) listener()
  }

  onChanged(listener: () => void): void {
    this.#listeners.push(listener)
  }
}
