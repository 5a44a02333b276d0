import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Bench, CellGroup } from './bench.ts'
import { FIGURES, type FigureName, median, type Result } from './figures.ts'
import { judgeAll, ratioOf, type Verdict } from './targets.ts'

const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[]

interface Row {
  readonly cell: string
  readonly figure: string
  readonly gantry: string
  readonly apache: string
  readonly ratio: string
  readonly target: string
}

/** Three significant digits, whole numbers from 100 on. */
function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  if (value >= 1000) return Math.round(value).toLocaleString('en-US')
  return value >= 100 ? value.toFixed(0) : value === 0 ? '0' : value.toPrecision(3)
}

function targetText(verdict: Verdict): string {
  const state = verdict.isMet === undefined ? '' : verdict.isMet ? ': met' : ': MISSED'
  // A ratio to Apache stands in its own column.
  const value = verdict.value.endsWith('x') && verdict.target.includes('Apache') ? '' : ` (${verdict.value})`
  return `${verdict.target}${verdict.isMet === undefined ? '' : value}${state}`
}

/** `verdicts`: none in a smoke run, whose figures say nothing. */
function rowsOf(results: readonly Result[], verdicts: readonly Verdict[]): Row[] {
  const rows: Row[] = []
  for (const cell of new Set(results.map((result) => result.cell))) {
    for (const figure of FIGURE_NAMES) {
      const ours = median(results, cell, 'gantry', figure)
      const theirs = median(results, cell, 'apache', figure)
      if (ours === undefined && theirs === undefined) continue
      if (figure === 'refused' && (ours ?? 0) === 0 && (theirs ?? 0) === 0) continue
      const ratio = ratioOf(results, cell, figure)
      const mine = verdicts.filter((verdict) => verdict.cell === cell && verdict.figure === figure)
      rows.push({
        cell,
        figure: FIGURES[figure].label,
        gantry: numberText(ours),
        apache: numberText(theirs),
        ratio: ratio === undefined || !Number.isFinite(ratio) ? '' : ratio.toFixed(2),
        target: mine.map(targetText).join('; '),
      })
    }
  }
  return rows
}

const HEAD: Row = {
  cell: 'cell',
  figure: 'figure (median)',
  gantry: 'gantry',
  apache: 'apache',
  ratio: 'ratio',
  target: 'target',
}
const COLUMNS = ['cell', 'figure', 'gantry', 'apache', 'ratio', 'target'] as const

export function textTable({ results, settings }: Bench): string {
  const rows = [HEAD, ...rowsOf(results, settings.smoke ? [] : judgeAll(results))]
  const widths = COLUMNS.map((column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row, i) => {
      const cell = i > 1 && rows[i - 1]!.cell === row.cell ? '' : row.cell
      const cells = COLUMNS.map((column, j) => {
        const text = column === 'cell' ? cell : row[column]
        return j >= 2 && j <= 4 ? text.padStart(widths[j]!) : text.padEnd(widths[j]!)
      })
      return cells.join('  ').trimEnd()
    })
    .join('\n')
}

/** How quiet the machine was, cell by cell: means over rounds and engines. */
export function noiseTable(results: readonly Result[]): string {
  const lines = ['machine per cell: CPU time of a fixed loop (least-most ms), all CPU in use, stolen by the hypervisor']
  for (const cell of new Set(results.map((result) => result.cell))) {
    const noises = results.filter((result) => result.cell === cell).map((result) => result.noise)
    const loops = noises.flatMap((noise) => noise.calibrationMs)
    const mean = (values: number[]): string => (values.reduce((a, b) => a + b, 0) / values.length).toFixed(0)
    const busy = mean(noises.map((noise) => noise.busyPercent))
    const steal = mean(noises.map((noise) => noise.stealPercent))
    const loop = `${Math.min(...loops).toFixed(1)}-${Math.max(...loops).toFixed(1)} ms`
    lines.push(`  ${cell.padEnd(34)} ${loop.padEnd(16)} ${busy} % busy, ${steal} % stolen`)
  }
  return lines.join('\n')
}

export function missedText(results: readonly Result[]): string {
  const verdicts = judgeAll(results).filter((verdict) => verdict.isMet !== undefined)
  const missed = verdicts.filter((verdict) => verdict.isMet === false)
  const lines = missed.map(({ cell, figure, target, value }) => {
    return `  ${cell}: ${FIGURES[figure].label} ${value}, target ${target}`
  })
  return [`targets: ${verdicts.length - missed.length} met, ${missed.length} missed`, ...lines].join('\n')
}

function machineText(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU'
  return `${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
}

export function writeJson(bench: Bench, file: string): void {
  const { smoke, rounds, seconds } = bench.settings
  const facts = { date: new Date().toISOString(), machine: machineText(), smoke, rounds, seconds }
  const { results, failures } = bench
  writeFileSync(file, `${JSON.stringify({ ...facts, results, failures, targets: judgeAll(results) }, null, 1)}\n`)
}

const START = '<!-- generated by npm run bench -- --markdown: from here -->'
const END = '<!-- to here -->'

/** Rewrites the generated part of docs/benchmarks.md; the prose around it stays. */
export function writeMarkdown(bench: Bench, groups: readonly CellGroup[]): void {
  const file = join(import.meta.dirname, '../../docs/benchmarks.md')
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(START), page.indexOf(END)]
  if (from < 0 || to < from)
    throw new Error(`${file} has lost the marks between which the table goes: ${START}, ${END}`)
  const table = [HEAD, ...rowsOf(bench.results, judgeAll(bench.results))].map(
    (row) => `| ${COLUMNS.map((column) => row[column]).join(' | ')} |`,
  )
  table.splice(1, 0, '|---|---|--:|--:|--:|---|')
  const { rounds, seconds } = bench.settings
  const measured = new Set(bench.results.map((result) => result.cell))
  const cells = groups
    .flatMap((group) => Object.entries(group.cells))
    .filter(([name]) => measured.has(name))
    .map(([name, what]) => `- \`${name}\`: ${what}`)
  const parts = [
    START,
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machineText()}; ${rounds} rounds of ${seconds} s per load cell.`,
    cells.join('\n'),
    table.join('\n'),
    `\`\`\`text\n${missedText(bench.results)}\n\n${noiseTable(bench.results)}\n\`\`\``,
  ]
  writeFileSync(file, `${page.slice(0, from)}${parts.join('\n\n')}\n${page.slice(to)}`)
}
