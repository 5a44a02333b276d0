import { parseArgs } from 'node:util'
import { cannotStart } from './run-server.ts'

interface CommandLine {
  readonly file: string | undefined
  readonly print: boolean
}

/** Reads what name servers and controllers take. Prints the usage and ends the program with -h and what it does not know. */
export function readCommandLine(name: string, usage: string): CommandLine {
  try {
    const { values } = parseArgs({
      options: {
        configFile: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        namesrvAddr: { type: 'string', short: 'n' },
        printConfigItem: { type: 'boolean', short: 'p' },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    return { file: values.configFile, print: values.printConfigItem ?? false }
  } catch (error) {
    return cannotStart(name, `${(error as Error).message}\n${usage}`)
  }
}
