import type { Channel } from '../../net/channel.ts'
import type { LiveBroker } from './live-broker.ts'

/*
 * Which brokers send their heartbeats over a connection, kept in its attachment: nearly always one, and then no set is
 * made for it; the brokers of one process (a container of brokers) share a connection.
 */

export function brokersOf(channel: Channel): readonly LiveBroker[] {
  const attached = channel.attachment as Attached
  if (attached === undefined) return []
  return attached instanceof Set ? [...attached] : [attached]
}

/** The broker of a connection that has one only. */
export function onlyBrokerOf(channel: Channel): LiveBroker | undefined {
  const attached = channel.attachment as Attached
  return attached instanceof Set ? undefined : attached
}

export function attach(channel: Channel, broker: LiveBroker): void {
  const attached = channel.attachment as Attached
  if (attached === undefined) channel.attachment = broker
  else if (attached instanceof Set) attached.add(broker)
  else if (attached !== broker) channel.attachment = new Set([attached, broker])
}

export function detach(channel: Channel, broker: LiveBroker): void {
  const attached = channel.attachment as Attached
  if (attached instanceof Set) attached.delete(broker)
  else if (attached === broker) channel.attachment = undefined
}

type Attached = LiveBroker | Set<LiveBroker> | undefined
