import { RealClock } from '../../runtime/io/real-clock.ts'

/** Within this a node has read files of TLS that have changed: it looks every two seconds. */
const pemsReadMs = 5000

/** Waits until a node that runs goes by the certificates it was given just now: the next node may show what this one has to trust by then. */
export const untilPemsRead = (clock: Pick<RealClock, 'after'> = new RealClock()): Promise<void> =>
  new Promise((resolve) => void clock.after(pemsReadMs, resolve))
