/**
 * - `alive`: its heartbeats arrive.
 * - `gone`: it was heard of, and then its connection ended or its heartbeats stopped; or it had time enough to be heard.
 * - `unheard`: this controller has not been up for long enough to tell.
 */
export type Life = 'alive' | 'gone' | 'unheard'

/** What the leading controller knew of a replica when it proposed a command: heartbeats themselves are not agreed on. */
export interface ReplicaReport {
  readonly brokerId: number
  readonly life: Life
  /** Last epoch in the broker's log, -1 if it has not said. */
  readonly epoch: number
  /** End of the broker's log, -1 if it has not said. */
  readonly maxOffset: number
  /** brokerElectionPriority: the lower one is preferred. */
  readonly priority: number
}
