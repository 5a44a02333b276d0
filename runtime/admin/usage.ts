import type { AdminCommand, OptionSpec } from './command.ts'
import { COMMON_OPTIONS, optionKey } from './command-line.ts'

const WIDTH = 110

/**
 * The help text of a command in the layout of the official tool: a usage line with what may be left out in brackets,
 * then the options in the order of their letters, wrapped at 110 columns.
 */
export function usage(command: AdminCommand): string {
  const options = sorted([...COMMON_OPTIONS, ...command.options])
  const head = `usage: mqadmin ${command.name}`
  const lines = wrap(`${head} ${synopsis(command, options).join(' ')}`, head.indexOf(' ') + 1)
  const names = options.map(optionNames)
  const width = Math.max(...names.map((name) => name.length))
  for (const [index, option] of options.entries()) {
    const start = `${names[index]?.padEnd(width)}   `
    lines.push(...wrap(start + option.description, start.length))
  }
  return `${lines.join('\n')}\n`
}

function sorted(options: readonly OptionSpec[]): OptionSpec[] {
  return [...options].sort((a, b) => compare(optionKey(a).toLowerCase(), optionKey(b).toLowerCase()))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function synopsis(command: AdminCommand, options: readonly OptionSpec[]): string[] {
  const oneOf = command.oneOfInUsage === false ? [] : (command.oneOf ?? [])
  const groups = [oneOf, command.someOf ?? []]
  const words: string[] = []
  const printed = new Set<readonly string[]>()
  for (const option of options) {
    const group = groups.find((keys) => keys.includes(optionKey(option)))
    if (group !== undefined) {
      // The others leave a blank each, as with the official tool.
      if (printed.has(group)) words.push('')
      else words.push(...choice(options.filter((other) => group.includes(optionKey(other)))))
      printed.add(group)
    } else {
      words.push(...(option.required ? written(option) : bracketed(written(option))))
    }
  }
  return words
}

function choice(options: readonly OptionSpec[]): string[] {
  return options.flatMap((option, index) => (index === 0 ? written(option) : ['|', ...written(option)]))
}

function written(option: OptionSpec): string[] {
  const name = option.short === undefined ? `--${option.long}` : `-${option.short}`
  return option.takesValue ? [name, '<arg>'] : [name]
}

function bracketed(words: string[]): string[] {
  return [`[${words.join(' ')}]`]
}

function optionNames(option: OptionSpec): string {
  const names = option.short === undefined ? `    --${option.long}` : ` -${option.short},--${option.long}`
  return option.takesValue ? `${names} <arg>` : names
}

/** Breaks at blanks so that no line is wider than the page; further lines are indented. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > WIDTH) {
    const blank = rest.lastIndexOf(' ', WIDTH)
    if (blank <= indent) break
    lines.push(rest.slice(0, blank).trimEnd())
    rest = ' '.repeat(indent) + rest.slice(blank).trim()
  }
  lines.push(rest.trimEnd())
  return lines
}
