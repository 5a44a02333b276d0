import { describe, expect, test } from 'vitest'
import { accepted, derived, flag, implemented, int, list, optionalText, path, text } from './conf-key.ts'
import { type ConfTable, parseConf, printConf } from './conf-table.ts'
import { testEnv } from './test-env.ts'

const keys = {
  ...implemented({
    listenPort: int(10911, 'Port.', { min: 0, max: 65535 }),
    root: path(
      derived('~/store', (env) => `${env.home}/store`),
      'Root.',
    ),
    log: path(
      derived('root/log', (_, get) => `${get('root')}/log`),
      'Log.',
    ),
    owner: optionalText('Owner.'),
    servers: list(';', [], 'Servers.'),
  }),
  ...accepted({ threads: int(4, 'Threads.'), pool: flag(false, 'Pool.') }),
}
const quiet = { secret: text('', 'Secret.') }

const all = { ...keys, ...quiet }
const table: ConfTable<typeof all> = {
  name: 'test.conf',
  sections: [
    { title: 'A', about: 'a', keys },
    { title: 'B', about: 'b', keys: quiet, printedIfSet: true },
  ],
  keys: all,
  settle: (conf, given) => ({
    conf,
    warnings: given.has('owner') ? ['owner is set'] : [],
    errors: conf.listenPort === 1 ? ['listenPort = 1 is taken'] : [],
  }),
}

function parse(text: string, commandLine = {}) {
  return parseConf(table, text, 'b.conf', testEnv, commandLine)
}

describe('parseConf', () => {
  test('an empty file is all defaults, frozen', () => {
    const result = parse('')
    expect(result).toEqual({
      ok: true,
      conf: {
        listenPort: 10911,
        root: '/HOME/store',
        log: '/HOME/store/log',
        owner: undefined,
        servers: [],
        threads: 4,
        pool: false,
        secret: '',
      },
      warnings: [],
    })
    expect(result.ok && Object.isFrozen(result.conf)).toBe(true)
  })

  test('defaults that refer to another key see its final value', () => {
    const result = parse('root=~/x')
    expect(result.ok && result.conf.log).toBe('/HOME/x/log')
  })

  test('the command line goes before the file', () => {
    const result = parse('servers=a:1', { servers: 'b:2;c:3' })
    expect(result.ok && result.conf.servers).toEqual(['b:2', 'c:3'])
  })

  test('all errors of a file are reported together, each with file, line, key and value', () => {
    expect(
      parse('# a\nlistenprt=1\nlistenPort=70000\n\nROOT=/x\nzzz=1\nowner=\\u12\npool=yes', { servers: '', prot: '1' }),
    ).toEqual({
      ok: false,
      errors: [
        'b.conf:2: unknown key listenprt (value "1"): did you mean listenPort?',
        'b.conf:3: listenPort = "70000": expected a whole number from 0 to 65535',
        'b.conf:5: unknown key ROOT (value "/x"): did you mean root?',
        'b.conf:6: unknown key zzz (value "1"): no key of test.conf has a similar name',
        'b.conf:7: "\\u12" is not a character: \\u takes four hexadecimal digits',
        'b.conf:8: pool = "yes": expected true or false',
        'command line: unknown key prot (value "1"): did you mean root?',
      ],
      warnings: ['b.conf: known to Apache RocketMQ but without effect here: pool'],
    })
  })

  test.each(['toString', '__proto__', 'constructor'])('%s is no key', (name) => {
    expect(parse(`${name}=1`)).toEqual({
      ok: false,
      errors: [`b.conf:1: unknown key ${name} (value "1"): no key of test.conf has a similar name`],
      warnings: [],
    })
  })

  test('warns of a key set twice, of characters Java mangles, and once of all keys without effect', () => {
    const result = parse('listenPort=1000\nthreads=1\nlistenPort=2000\npool=true\nsecret=\xc3\xa4')
    expect(result.warnings).toEqual([
      'b.conf:3: listenPort was already set in line 1; "2000", the last one, counts',
      'b.conf:5: secret has characters outside ASCII, which Java reads as ISO-8859-1: write them as \\uXXXX',
      'b.conf: known to Apache RocketMQ but without effect here: threads, pool, secret',
    ])
    expect(result.ok && result.conf.listenPort).toBe(2000)
  })

  test('errors and warnings that concern the whole carry the name of the file', () => {
    expect(parse('owner=me\nlistenPort=1')).toEqual({
      ok: false,
      errors: ['b.conf: listenPort = 1 is taken'],
      warnings: ['b.conf: owner is set'],
    })
  })
})

describe('printConf', () => {
  test('prints key=value lines sorted by key, without keys that have no value or keep quiet', () => {
    const result = parse('servers=a:1;b:2')
    expect(result.ok && printConf(table, result.conf)).toBe(
      'listenPort=10911\nlog=/HOME/store/log\npool=false\nroot=/HOME/store\nservers=a:1;b:2\nthreads=4\n',
    )
  })

  test('prints quiet keys that are set, and what waits for a restart in place of what is', () => {
    const result = parse('secret=s')
    expect(result.ok && printConf(table, result.conf, new Map([['listenPort', '5']]))).toBe(
      'listenPort=5\nlog=/HOME/store/log\npool=false\nroot=/HOME/store\nsecret=s\nservers=\nthreads=4\n',
    )
  })

  test('reads back as the same configuration', () => {
    const first = parse('listenPort=7\nroot=/data\nservers=a:1')
    const second = first.ok ? parse(printConf(table, first.conf)) : first
    expect(first.ok && second.ok && second.conf).toEqual(first.ok && first.conf)
  })
})
