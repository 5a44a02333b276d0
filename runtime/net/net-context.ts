import { CommandView } from '../codec/remoting/command-view.ts'
import { DEFAULT_FRAME_MAX_BYTES } from '../codec/remoting/frame.ts'
import type { Clock } from '../io/clock.ts'
import type { Network } from '../io/network.ts'
import type { Logger } from '../observe/logger.ts'
import type { ReceiveContext } from './frame-receiver.ts'
import { PendingInvocations } from './pending-invocations.ts'
import { SlabPool } from './slab.ts'
import { Turn } from './turn.ts'

export interface NetLimits {
  /** Largest frame accepted, its length field. Larger: connection closed. */
  readonly frameMaxBytes: number
  /** Connections per server. One more is closed at once. */
  readonly connectionsMax: number
  /** Stop reading from a peer while more than this waits for it to read. */
  readonly pauseAboveBytes: number
  /** Close a peer for which more than this waits. */
  readonly closeAboveBytes: number
  /** Requests sent and not answered yet, per process. One more fails at once. */
  readonly invocationsMax: number
  /** Buffers of 64 KiB kept for the next burst, and an eighth as many of 256 KiB. */
  readonly slabsKept: number
}

const DEFAULT_NET_LIMITS: NetLimits = {
  frameMaxBytes: DEFAULT_FRAME_MAX_BYTES,
  connectionsMax: 20_000,
  pauseAboveBytes: 1024 * 1024,
  closeAboveBytes: 64 * 1024 * 1024,
  invocationsMax: 65_535,
  slabsKept: 64,
}

const SLAB_BYTES = 64 * 1024
const LARGE_SLAB_BYTES = 256 * 1024
/** One read takes what the kernel has, up to this. */
const SHARED_READ_BYTES = 256 * 1024

/** What all channels of one process (one event loop) share. */
export interface NetContext {
  readonly clock: Clock
  readonly network: Network
  readonly logger: Logger
  readonly limits: NetLimits
  readonly turn: Turn
  readonly slabs: SlabPool
  readonly receive: ReceiveContext
  readonly invocations: PendingInvocations
}

export function createNetContext(
  clock: Clock,
  network: Network,
  logger: Logger,
  limits: Partial<NetLimits> = {},
): NetContext {
  const all = { ...DEFAULT_NET_LIMITS, ...limits }
  const slabs = new SlabPool(SLAB_BYTES, all.slabsKept)
  return {
    clock,
    network,
    logger,
    limits: all,
    turn: new Turn(clock),
    slabs,
    receive: {
      shared: new SlabPool(SHARED_READ_BYTES, 0).acquire(),
      carries: slabs,
      largeCarries: new SlabPool(LARGE_SLAB_BYTES, all.slabsKept >> 3),
      command: new CommandView(),
      frameMaxBytes: all.frameMaxBytes,
    },
    invocations: new PendingInvocations(clock, all.invocationsMax),
  }
}
