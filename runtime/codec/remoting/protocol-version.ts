/** Ordinals of MQVersion.Version: the `version` of a command. Behaviour that depends on the client's age compares with these. */
export const ProtocolVersion = {
  V3_0_11: 37,
  V3_4_9: 121,
  V4_9_3: 399,
  V4_9_4: 401,
  V5_0_0: 413,
  V5_5_0: 513,
} as const

/** What this engine says it is. */
export const CURRENT_VERSION = ProtocolVersion.V5_5_0
