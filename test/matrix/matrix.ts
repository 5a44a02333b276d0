import type { Driver } from '../compat/driver.ts'
import type { Report } from '../compat/report.ts'
import { type Outcome, runCell } from './cell.ts'
import { type Column, columns, type Row, rows } from './cells.ts'
import { layOutPair } from './pair.ts'
import type { Side } from './side.ts'

interface MatrixParts {
  readonly dir: string
  readonly driver: Driver
  readonly report: Report
  readonly wanted: (name: string) => boolean
}

interface Cell {
  readonly row: Row
  readonly column: Column
  readonly name: string
}

/** Two cores start two JVMs at a time. */
const AT_A_TIME = 2

/** Every kind of broker with every kind of NameServer and controller. Cells of a column share these. */
export async function runMatrix({ dir, driver, report, wanted }: MatrixParts): Promise<void> {
  const cells = columns.flatMap((column) => {
    return rows
      .filter(({ key }) => column.expected[key] !== undefined)
      .map((row): Cell => ({ row, column, name: `${row.title} / ${column.title}` }))
      .filter(({ name }) => wanted(name))
  })
  const sides = new Map<Column, Promise<Side>>()
  const sideOf = (column: Column): Promise<Side> => {
    const known = sides.get(column)
    if (known !== undefined) return known
    const started = column.layOut(dir).then(async (side) => {
      await side.start()
      return side
    })
    sides.set(column, started)
    return started
  }
  const outcomes = new Map<string, Outcome>()
  const queue = [...cells]
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
      const { row, column, name } = cell
      let attempts = 0
      await report.part(name, dir, async (report, dir) => {
        const side = await sideOf(column)
        // The second attempt's group is another one to the NameServers and controllers.
        const group = `${row.key}-${column.key}${attempts++ === 0 ? '' : '-again'}`
        const pair = await layOutPair(dir, group, row.engine, side.namesrv.address, row.conf(side))
        const expected = column.expected[row.key]!
        outcomes.set(name, await runCell({ name, pair, driver, report, expected }))
      })
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  for (const side of sides.values()) await side.then((started) => started.stop()).catch(() => undefined)
  console.log(tableOf(cells, outcomes))
}

/** The matrix as it stands in docs/upgrades.md, with what was seen. */
function tableOf(cells: readonly Cell[], outcomes: ReadonlyMap<string, Outcome>): string {
  const heads = columns.filter((column) => cells.some((cell) => cell.column === column))
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`
  const lines = rows.map((row) => {
    const texts = heads.map((column) => {
      const cell = cells.find((candidate) => candidate.row === row && candidate.column === column)
      return cell === undefined ? '-' : (outcomes.get(cell.name)?.text ?? 'FAILED')
    })
    return line([row.title, ...texts])
  })
  return `\n${line(['', ...heads.map(({ title }) => title)])}\n${line(['---', ...heads.map(() => '---')])}\n${lines.join('\n')}`
}
