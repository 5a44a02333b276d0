import { Command, CommanderError, Option } from 'commander'
import { AdminError } from './admin-error.ts'
import type { AdminCommand, OptionSpec } from './command.ts'
import { GivenOptions } from './given-options.ts'

/** Every command has these. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { short: 'h', long: 'help', takesValue: false, description: 'Print help' },
  {
    short: 'n',
    long: 'namesrvAddr',
    takesValue: true,
    description: "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'",
  },
]

/** How an option is called in messages and in {@link GivenOptions}. */
export function optionKey(option: OptionSpec): string {
  return option.short ?? option.long
}

/** @throws AdminError for a command line that the command cannot take. */
export function parseCommandLine(command: AdminCommand, args: readonly string[]): GivenOptions {
  const specs = [...COMMON_OPTIONS, ...command.options]
  const given = new GivenOptions(command.name, parse(command.name, specs, withDoubleDashes(specs, args)))
  if (!given.has('h')) checkNeeded(command, given)
  return given
}

/** The way the official tool reads it: a long name after a single dash counts as well. */
function withDoubleDashes(specs: readonly OptionSpec[], args: readonly string[]): string[] {
  const longs = new Map(specs.map((spec) => [typedName(spec), typedName(spec)]))
  // Commander knows short names of one letter only; one of two (-bn) stands for the long one.
  for (const spec of specs)
    if (spec.short !== undefined && spec.short.length > 1) longs.set(spec.short, typedName(spec))
  return args.map((arg) => {
    const [, name = '', rest = ''] = /^-([A-Za-z][\w-]+)(=.*)?$/s.exec(arg) ?? []
    const long = longs.get(name)
    return long === undefined ? arg : `--${long}${rest}`
  })
}

function parse(name: string, specs: readonly OptionSpec[], args: string[]): Map<string, string | true> {
  const parser = new Command(name).exitOverride().helpOption(false).allowExcessArguments(false)
  parser.configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  const values = new Map<string, string | true>()
  for (const spec of specs) parser.addOption(commanderOption(spec))
  try {
    parser.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const problem = error.message
      .replace(/^error: /, '')
      .replace(/\.$/, '')
      .replaceAll('\n', ' ')
    throw new AdminError(`${name}: ${problem}; see mqadmin help ${name}`)
  }
  const parsed = parser.opts<Record<string, string | true>>()
  for (const [index, option] of parser.options.entries()) {
    const value = parsed[option.attributeName()]
    const spec = specs[index]
    if (value !== undefined && spec) values.set(optionKey(spec), value)
  }
  return values
}

function commanderOption(spec: OptionSpec): Option {
  const long = `--${typedName(spec)}`
  const names = spec.short?.length === 1 ? `-${spec.short}, ${long}` : long
  const value = spec.valueOptional ? ' [value]' : ' <value>'
  return new Option(spec.takesValue ? names + value : names, spec.description)
}

function typedName(spec: OptionSpec): string {
  return spec.long.trim().replaceAll(' ', '-')
}

function checkNeeded(command: AdminCommand, given: GivenOptions): void {
  const missing = command.options.filter((option) => option.required && !given.has(optionKey(option)))
  if (missing.length > 0) {
    const names = missing.map((option) => `-${optionKey(option)} <${option.long.trim()}>`).join(', ')
    throw new AdminError(`${command.name}: missing ${names}; see mqadmin help ${command.name}`)
  }
  if (command.someOf?.some((key) => given.has(key)) === false) {
    throw new AdminError(
      `${command.name}: give at least one of ${named(command, command.someOf)}; see mqadmin help ${command.name}`,
    )
  }
  const choice = command.oneOf
  if (!choice) return
  const count = choice.filter((key) => given.has(key)).length
  if (count === 1 || (count > 1 && command.oneOfInUsage === false)) return
  const problem = count === 0 ? 'give one of' : 'give only one of'
  throw new AdminError(`${command.name}: ${problem} ${named(command, choice)}; see mqadmin help ${command.name}`)
}

function named({ options }: AdminCommand, keys: readonly string[]): string {
  const names = keys.map((key) => `-${key} <${options.find((option) => optionKey(option) === key)?.long}>`)
  return names.join(' and ')
}
