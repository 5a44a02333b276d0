import { expect, test } from 'vitest'
import { AdminError } from './admin-error.ts'
import { type AdminCommand, flag, required, value } from './command.ts'
import { parseCommandLine } from './command-line.ts'

const command: AdminCommand = {
  name: 'sample',
  summary: 'Sample.',
  options: [
    required('t', 'topic', 'topic'),
    value('b', 'brokerAddr', 'broker'),
    value('c', 'clusterName', 'cluster'),
    value('p', 'print msg', 'print'),
    flag('l', 'list', 'list'),
    value('bn', 'brokerName', 'broker name'),
    { long: 'attributes', takesValue: true, description: 'attributes' },
  ],
  oneOf: ['b', 'c'],
  run: () => Promise.resolve(),
}

function parse(...args: string[]) {
  return parseCommandLine(command, args)
}

test('short and long names, with one dash or two, and values that look like options', () => {
  for (const args of [
    ['-t', 'T', '-c', 'C', '-l'],
    ['--topic', 'T', '--clusterName=C', '--list'],
    ['-topic', 'T', '-clusterName=C', '-list'],
    ['-tT', '-c', ' C ', '-l'],
  ]) {
    const given = parse(...args)
    expect([given.text('t'), given.text('c'), given.has('l'), given.has('b')]).toEqual(['T', 'C', true, false])
  }
  expect(parse('-t', 'T', '-c', '-1').integer('c')).toBe(-1)
  expect(parse('-t', 'T', '-c', 'C', '-attributes', '+a=b').text('attributes')).toBe('+a=b')
  expect(parse('-t', 'T', '-c', 'C', '--print-msg', 'TRUE').boolean('p')).toBe(true)
  expect(parse('-t', 'T', '-c', 'C', '-p', 'yes').boolean('p')).toBe(false)
  expect(parse('-t', 'T', '-c', 'C').boolean('p')).toBeUndefined()
})

test('a short name of two letters', () => {
  for (const args of [['-bn', 'B'], ['-bn=B'], ['-brokerName', 'B'], ['--brokerName=B']]) {
    const given = parse('-t', 'T', '-b', 'A', ...args)
    expect([given.text('bn'), given.text('b')]).toEqual(['B', 'A'])
  }
})

test('help needs nothing else', () => {
  expect(parse('-h').has('h')).toBe(true)
})

test('what is wrong is said on one line', () => {
  const cases: [string[], string][] = [
    [['-c', 'C'], 'sample: missing -t <topic>; see mqadmin help sample'],
    [['-t', 'T'], 'sample: give one of -b <brokerAddr> and -c <clusterName>; see mqadmin help sample'],
    [
      ['-t', 'T', '-b', 'B', '-c', 'C'],
      'sample: give only one of -b <brokerAddr> and -c <clusterName>; see mqadmin help sample',
    ],
    [['-t', 'T', '-z'], "sample: unknown option '-z'; see mqadmin help sample"],
    [['-t'], "sample: option '-t, --topic <value>' argument missing; see mqadmin help sample"],
    [['x'], 'sample: too many arguments. Expected 0 arguments but got 1: x; see mqadmin help sample'],
  ]
  for (const [args, message] of cases) expect(() => parse(...args), args.join(' ')).toThrow(new AdminError(message))
  expect(() => parse('-t', '1.5', '-c', 'C').integer('t')).toThrow('sample: -t is "1.5"; give a whole number')
  expect(() => parse('-t', '', '-c', 'C').required('t')).toThrow('sample: give -t a value')
})
