import type { Clock } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Random } from '../io/random.ts'
import type { AdminClient } from './admin-client.ts'
import type { GivenOptions } from './given-options.ts'

/** One option of a command, named as the official tool names it. */
export interface OptionSpec {
  /** One letter, of some two; only `attributes` has none. */
  readonly short?: string
  /** May hold blanks, as some official ones do; on the command line they are typed as dashes. */
  readonly long: string
  /** False: a switch. */
  readonly takesValue: boolean
  readonly required?: boolean
  /** The value may be left out. */
  readonly valueOptional?: boolean
  readonly description: string
}

/** What a command works with. */
export interface CommandContext {
  readonly client: AdminClient
  readonly options: GivenOptions
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  /** Where the bodies of messages and exports go that have no other place. */
  readonly temporaryFolder: string
  /** What relative paths start from. */
  readonly workingFolder: string
  /** Replaces a file that nobody but the caller may read; its folders are made. */
  writePrivateFile(path: string, content: Uint8Array): void
  /** Writes to standard output. */
  print(text: string): void
  /** Reports a failure that does not stop the command; the process will exit with 1. */
  fail(problem: unknown): void
}

/** A command of `mqadmin`. */
export interface AdminCommand {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionSpec[]
  /** Short names of options of which exactly one must be given. */
  readonly oneOf?: readonly string[]
  /** False: the official tool lets the user omit all of {@link oneOf} in its usage line; ours asks for one all the same. */
  readonly oneOfInUsage?: boolean
  /** Short names of options of which at least one must be given; the usage line offers them as a choice. */
  readonly someOf?: readonly string[]
  /** @throws AdminError and what the network throws: the command failed. */
  run(context: CommandContext): Promise<void>
}

/** An option with a value. */
export function value(short: string, long: string, description: string): OptionSpec {
  return { short, long, takesValue: true, description }
}

/** An option with a value that must be given. */
export function required(short: string, long: string, description: string): OptionSpec {
  return { short, long, takesValue: true, required: true, description }
}

/** An option without a value. */
export function flag(short: string, long: string, description: string): OptionSpec {
  return { short, long, takesValue: false, description }
}
