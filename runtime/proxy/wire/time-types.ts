import { int32, int64, type Message, message } from '../../codec/protobuf/message-type.ts'

/** google.protobuf.Duration */
export const Duration = message({ seconds: int64(1), nanos: int32(2) })
/** google.protobuf.Timestamp, since the epoch. */
export const Timestamp = message({ seconds: int64(1), nanos: int32(2) })

type TimeMessage = Message<typeof Duration>

/** Milliseconds; fractions of them do not count. */
export function toMs(time: TimeMessage): number {
  return time.seconds * 1000 + Math.trunc(time.nanos / 1_000_000)
}

export function fromMs(ms: number): TimeMessage {
  const seconds = Math.trunc(ms / 1000)
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 }
}
