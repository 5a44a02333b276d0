import type { NetLimits } from '../../net/net-context.ts'

/** 0, the default of Netty's water mark here, stands for the built-in limit. */
export function netLimits({
  writeBufferHighWaterMark,
}: {
  readonly writeBufferHighWaterMark: number
}): Partial<NetLimits> {
  return writeBufferHighWaterMark > 0 ? { pauseAboveBytes: writeBufferHighWaterMark } : {}
}
