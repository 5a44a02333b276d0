/** Bounds that hold for all consume queues together, however many there are. */
export interface ConsumeQueueLimits {
  /** Files held open; beyond it the one used longest ago is closed. */
  readonly openFilesMax: number
  /**
   * Units not yet written out; beyond it the queues dirty longest are written at once. While writing fails up to twice
   * as much is held, then appends are refused.
   */
  readonly tailBytesMax: number
  /** Units one queue holds back before it writes them. */
  readonly queueTailUnitsMax: number
  /** Queues written in one go when {@link tailBytesMax} is reached: a pause of some 0.3 ms. */
  readonly reliefQueues: number
}

export const DEFAULT_QUEUE_LIMITS: ConsumeQueueLimits = {
  openFilesMax: 1024,
  tailBytesMax: 32 << 20,
  queueTailUnitsMax: 3200,
  reliefQueues: 32,
}
