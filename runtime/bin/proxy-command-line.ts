import { cannotStart } from './run-server.ts'

interface ProxyCommandLine {
  readonly file: string | undefined
  readonly print: boolean
  /** Settings that count more than the file. */
  readonly settings: Readonly<Record<string, string>>
}

const usage = (name: string): string => `usage: ${name} [-pc <file>] [-n <list>] [-pm <mode>] [-p] [-h]
 -bc,--brokerConfigPath <file>  Accepted for the sake of scripts; a proxy in cluster mode has no use for it
 -h,--help                      Print help
 -n,--namesrvAddr <list>        Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem           Print all config items
 -pc,--proxyConfigPath <file>   Proxy config file, JSON
 -pm,--proxyMode <mode>         cluster
`

/** Options of two letters after one dash, as official proxies have them, which node:util does not read. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  '-bc': 'brokerConfigPath',
  '--brokerConfigPath': 'brokerConfigPath',
  '-n': 'namesrvAddr',
  '--namesrvAddr': 'namesrvAddr',
  '-pc': 'file',
  '--proxyConfigPath': 'file',
  '-pm': 'proxyMode',
  '--proxyMode': 'proxyMode',
}

/** Prints the usage and ends the program with -h and what it does not know. */
export function readProxyCommandLine(name: string, args: readonly string[] = process.argv.slice(2)): ProxyCommandLine {
  const settings: Record<string, string> = {}
  let file: string | undefined
  let print = false
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '-h' || arg === '--help') {
      process.stdout.write(usage(name))
      process.exit(0)
    }
    if (arg === '-p' || arg === '--printConfigItem') {
      print = true
      continue
    }
    const key = WITH_VALUE[arg]
    const value = args[++i]
    if (key === undefined) cannotStart(name, `unknown option ${arg}\n${usage(name)}`)
    if (value === undefined) cannotStart(name, `option ${arg} needs a value\n${usage(name)}`)
    if (key === 'file') file = value
    else settings[key] = key === 'proxyMode' ? value.toUpperCase() : value
  }
  return { file, print, settings }
}
