/**
 * Request codes of our own, on the port of the controller. Apache RocketMQ's RequestCode has nothing between 5003 and
 * 200050, and the binary header of a request has room for 32767.
 */
export const RaftCode = {
  /** Oneway: messages from one member to another (frame-codec.ts). */
  MESSAGES: 30011,
  /** Oneway, back on the same connection: why a member does not take them. */
  REFUSED: 30012,
} as const

/** What members of an Apache controller's group ask one another (DLedgerRequestCode). */
export const DLEDGER_CODES = [50000, 50001, 50002, 51001, 51002, 51003, 51004, 51005, 51006] as const
