import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ScenarioResult } from './driver.ts'

type Cell = ScenarioResult & { client: string }
type Part = { name: string; dir: string; run: (report: Report, dir: string) => Promise<void> }
type Check = { area: string; name: string; ok: boolean; detail: string }

/** Collects what passed and what failed, prints it as it happens and as tables at the end. */
export class Report {
  readonly #cells: Cell[] = []
  readonly #checks: Check[] = []
  readonly #failedParts: Part[] = []
  readonly #startedMs: number
  readonly #again: boolean

  /** `again`: a part that fails is run once more at the end, which is said, and only the second outcome counts. */
  constructor({ again = false, startedMs = Date.now() } = {}) {
    this.#again = again
    this.#startedMs = startedMs
  }

  scenario(client: string, row: ScenarioResult): void {
    this.#cells.push({ ...row, client })
    this.#line(row.ok, `${client} ${row.scenario}: ${counts(row)}, ${row.ms} ms`, row.faults.join('\n'))
  }

  check(area: string, name: string, ok: boolean, detail = ''): void {
    this.#checks.push({ area, name, ok, detail })
    this.#line(ok, `${area}: ${name}`, detail)
  }

  /** Runs a step; what it throws becomes a failed check, so that one broken area does not hide the others. */
  async attempt(area: string, name: string, step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.check(area, name, false, error instanceof Error ? error.message : String(error))
    }
  }

  /**
   * Runs a part that starts what it needs below `dir` and speaks to the report it is given. What fails is put off when it may be
   * run again.
   */
  async part(name: string, dir: string, run: Part['run']): Promise<void> {
    const report = await this.#run({ name, dir, run })
    if (!this.#again || report.#failures === 0) this.#take(report)
    else this.#failedParts.push({ name, dir, run })
  }

  /**
   * Runs the parts that failed once more, when all have had their turn: they drive real processes against deadlines, and what
   * else the machine had to do is over then, more likely than not. What fails twice has failed.
   */
  async repeatFailedParts(): Promise<void> {
    for (const { name, dir, run } of this.#failedParts.splice(0)) {
      console.log(`=== ${name}: second attempt`)
      const secondDir = join(dir, 'second-attempt')
      mkdirSync(secondDir, { recursive: true })
      this.#take(await this.#run({ name, dir: secondDir, run }))
    }
  }

  async #run({ name, dir, run }: Part): Promise<Report> {
    const report = new Report({ startedMs: this.#startedMs })
    await report.attempt(name, 'set-up', () => run(report, dir))
    return report
  }

  #take(part: Report): void {
    this.#cells.push(...part.#cells)
    this.#checks.push(...part.#checks)
  }

  get #failures(): number {
    return [...this.#cells, ...this.#checks].filter((entry) => !entry.ok).length
  }

  #line(ok: boolean, text: string, detail: string): void {
    const seconds = ((Date.now() - this.#startedMs) / 1000).toFixed(0).padStart(4)
    console.log(`${seconds}s ${ok ? 'ok  ' : 'FAIL'} ${text}`)
    if (!ok && detail) console.log(detail.replace(/^/gm, '            '))
  }

  /** Prints the tables and the closing line; returns the number of failures. */
  finish(): number {
    this.#printClients()
    this.#printChecks()
    const failed = this.#failures
    console.log(`\n${this.#cells.length + this.#checks.length - failed} passed, ${failed} failed`)
    return failed
  }

  #printClients(): void {
    if (this.#cells.length === 0) return
    const clients = [...new Set(this.#cells.map((cell) => cell.client))]
    const names = [...new Set(this.#cells.map((cell) => cell.scenario))]
    const width = 24
    console.log(`\nsent/received/duplicates/lost; - where the client has no such feature`)
    console.log(`${'scenario'.padEnd(18)}${clients.map((client) => client.padEnd(width)).join('')}`)
    for (const name of names) {
      const row = clients.map((client) => {
        const cells = this.#cells.filter((cell) => cell.client === client && cell.scenario === name)
        return (cells.map((cell) => `${cell.ok ? '' : 'FAIL '}${counts(cell)}`).join(' ') || '-').padEnd(width)
      })
      console.log(`${name.padEnd(18)}${row.join('')}`)
    }
  }

  #printChecks(): void {
    const areas = [...new Set(this.#checks.map((check) => check.area))]
    if (areas.length > 0) console.log(`\n${'interop'.padEnd(52)}passed  failed`)
    for (const area of areas) {
      const checks = this.#checks.filter((check) => check.area === area)
      const failed = checks.filter((check) => !check.ok)
      console.log(
        `${area.padEnd(52)}${String(checks.length - failed.length).padStart(6)}  ${String(failed.length).padStart(6)}`,
      )
      for (const check of failed) console.log(`    ${check.name}: ${check.detail.split('\n')[0]}`)
    }
  }
}

function counts(row: ScenarioResult): string {
  return `${row.sent}/${row.received}/${row.duplicates}/${row.lost}`
}
