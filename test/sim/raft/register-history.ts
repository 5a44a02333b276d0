interface Operation {
  readonly kind: 'write' | 'read'
  readonly beganMs: number
  /** When its answer came. */
  endedMs: number
  version: number
}

/**
 * What clients of the register saw. Versions order all writes, so that the history is linearizable exactly if that order
 * keeps to real time: what began after an answer sees at least that answer's version, and a write a greater one.
 */
export class RegisterHistory {
  readonly #operations: Operation[] = []

  begin(kind: 'write' | 'read', nowMs: number): (version: number, endMs: number) => void {
    const operation: Operation = { kind, beganMs: nowMs, endedMs: Number.POSITIVE_INFINITY, version: 0 }
    this.#operations.push(operation)
    return (version, endMs) => {
      operation.endedMs = endMs
      operation.version = version
    }
  }

  get answeredCount(): number {
    return this.#operations.filter(({ endedMs }) => Number.isFinite(endedMs)).length
  }

  /** @throws Error naming two operations that contradict each other. */
  check(): void {
    const answered = this.#operations.filter(({ endedMs }) => Number.isFinite(endedMs))
    const byEnd = answered.toSorted((left, right) => left.endedMs - right.endedMs)
    const byBegin = answered.toSorted((left, right) => left.beganMs - right.beganMs)
    let latest: Operation | undefined
    let ended = 0
    for (const operation of byBegin) {
      while (ended < byEnd.length && byEnd[ended]!.endedMs < operation.beganMs) {
        const other = byEnd[ended++]!
        if (latest === undefined || other.version > latest.version) latest = other
      }
      if (latest === undefined) continue
      const isStale =
        operation.kind === 'read' ? operation.version < latest.version : operation.version <= latest.version
      if (isStale) throw new Error(`not linearizable: ${textOf(operation)} after ${textOf(latest)}`)
    }
  }
}

function textOf({ kind, beganMs, endedMs, version }: Operation): string {
  return `${kind} of version ${version} (${beganMs} to ${endedMs} ms)`
}
