/** What a scenario sent and received, by message key. */
export class Tally {
  sent = 0
  #expected = new Map()
  #seen = new Map()
  #faults = []

  /** The message was acknowledged; it must arrive `copies` times. */
  acknowledged(key, copies) {
    this.sent++
    this.expect(key, copies)
  }

  expect(key, copies) {
    this.#expected.set(key, (this.#expected.get(key) ?? 0) + copies)
  }

  received(key) {
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1)
  }

  check(holds, fact) {
    if (!holds && this.#faults.length < 20) this.#faults.push(fact)
  }

  get lost() {
    return sum(this.#expected, (key, copies) => Math.max(0, copies - (this.#seen.get(key) ?? 0)))
  }

  get surplus() {
    return sum(this.#seen, (key, copies) => Math.max(0, copies - (this.#expected.get(key) ?? 0)))
  }

  /** Waits until at most `lost` messages are missing, at most `limitMs`, then a little longer so that surplus copies show. */
  async settle(limitMs, lost = 0) {
    const deadlineMs = Date.now() + limitMs
    while (this.lost > lost && Date.now() < deadlineMs) await sleep(50)
    await sleep(300)
  }

  result(scenario, startedMs) {
    return {
      scenario,
      ok: this.#faults.length === 0 && this.lost === 0 && this.surplus === 0,
      sent: this.sent,
      received: sum(this.#seen, (_, copies) => copies),
      duplicates: this.surplus,
      lost: this.lost,
      faults: this.#faults,
      ms: Date.now() - startedMs,
    }
  }
}

function sum(map, value) {
  let total = 0
  for (const [key, count] of map) total += value(key, count)
  return total
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
