import type { Channel } from '../../net/channel.ts'

/** The connection behind a client, as far as the registries need it. */
export type ClientChannel = Pick<Channel, 'remoteText' | 'isOpen' | 'sendOneway' | 'invoke' | 'destroy'>

/** A client as member of one producer or consumer group. */
export interface ClientInfo {
  readonly channel: ClientChannel
  readonly clientId: string
  /** Name of its LanguageCode. */
  readonly language: string
  /** Its MQVersion as a number. */
  readonly version: number
  /** Clock.now() of its last heartbeat. */
  lastUpdateMs: number
}

/** A client that sent no heartbeat for longer than this has gone, even though its connection is open. */
export const PRODUCER_EXPIRY_MS = 120_000

/**
 * Producer groups, and consumer groups, that one connection may belong to: each costs memory, a retry topic and a place
 * in every scan. A proxy that serves many clients over one connection needs thousands.
 */
export const CLIENT_GROUPS_MAX = 10_000
