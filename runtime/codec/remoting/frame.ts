/*
 * One frame of every remoting port:
 *
 *   int32 length          of what follows
 *   int8  serializeType   0 JSON, 1 ROCKETMQ (binary)
 *   int24 headerLength
 *   header                see json-header.ts, binary-header.ts
 *   body                  the rest
 */

export const SerializeType = { JSON: 0, ROCKETMQ: 1 } as const
export type SerializeType = (typeof SerializeType)[keyof typeof SerializeType]

/** Bytes before the header. */
export const FRAME_PREFIX_BYTES = 8

/** com.rocketmq.remoting.frameMaxLength: what an official server accepts as `length`. */
export const DEFAULT_FRAME_MAX_BYTES = 16 * 1024 * 1024

/** Bits of `flag`. */
export const FLAG_RESPONSE = 1
export const FLAG_ONEWAY = 2

/** A frame that breaks the protocol. The connection it came from cannot be trusted any more and is closed. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError'
}
