import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ConfKey, double, flag, int, list, long, oneOf, path, text } from './conf-key.ts'
import { printValue, readValue } from './conf-value.ts'
import { testEnv } from './test-env.ts'

const INT = int(0, 'x')
const LONG = long(0, 'x')
const PORT = int(0, 'x', { min: 0, max: 65535 })
const AGE = int(0, 'x', { unit: 'h', min: 0 })
const RATIO = double(0, 'x')
const FLAG = flag(false, 'x')
const ROLE = oneOf(['MASTER', 'SLAVE'], 'MASTER', 'x')
const LIST = list(';', [], 'x')
const PATH = path('/x', 'x')

test.each<[ConfKey, string, unknown]>([
  [INT, '12', 12],
  [INT, ' +12 ', 12],
  [INT, '-0', 0],
  [INT, '-2147483648', -2147483648],
  [LONG, '9007199254740991', 9007199254740991],
  [RATIO, '0.80', 0.8],
  [RATIO, '1e3', 1000],
  [FLAG, 'TRUE', true],
  [FLAG, 'false ', false],
  [text('', 'x'), '  a b ', 'a b'],
  [ROLE, 'SLAVE ', 'SLAVE'],
  [LIST, ' a:1 ; b:2;; ', ['a:1', 'b:2']],
  [LIST, '', []],
  [PATH, '~', '/HOME'],
  [PATH, '~/store', '/HOME/store'],
  [PATH, `$\{user.home}/store/`, '/HOME/store'],
  [PATH, '$ROCKETMQ_HOME/store', '/RMQHOME/store'],
  [PATH, `$\{ROCKETMQ_HOME}/store`, '/RMQHOME/store'],
  [PATH, 'store', '/srv/mq/store'],
  [PATH, '/data/a~b', '/data/a~b'],
  [PATH, '', undefined],
])('%o reads %j', (key, raw, value) => {
  expect(readValue(key, raw, testEnv)).toEqual({ value })
})

test.each<[ConfKey, string, string]>([
  [INT, '2147483648', 'a whole number from -2147483648 to 2147483647'],
  [INT, '', 'a whole number from -2147483648 to 2147483647'],
  [INT, '1.5', 'a whole number from -2147483648 to 2147483647'],
  [INT, '0x10', 'a whole number from -2147483648 to 2147483647'],
  [LONG, '9007199254740993', 'a whole number from -9007199254740991 to 9007199254740991'],
  [PORT, '65536', 'a whole number from 0 to 65535'],
  [AGE, '-1', 'a whole number from 0 to 2147483647 (h)'],
  [RATIO, 'half', 'a number'],
  [FLAG, 'yes', 'true or false'],
  [FLAG, '', 'true or false'],
  [ROLE, 'slave', 'one of MASTER, SLAVE'],
  [PATH, '~bob/store', 'a path in which ~ stands alone or before a slash'],
])('%o does not take %j', (key, raw, expected) => {
  expect(readValue(key, raw, testEnv)).toEqual({ expected })
})

test('a path cannot name a variable that is not set', () => {
  expect(readValue(PATH, '$ROCKETMQ_HOME/store', { ...testEnv, rocketmqHome: undefined })).toEqual({
    expected: 'a path without $ROCKETMQ_HOME, which is not set in the environment',
  })
})

test('doubles are printed as Java prints them', () => {
  expect(printValue(RATIO, 8000)).toBe('8000.0')
  expect(printValue(RATIO, 0.8)).toBe('0.8')
})

test('what is printed reads back the same', () => {
  const word = fc.stringMatching(/^[a-z:.0-9]{1,8}$/)
  const cases = fc.oneof(
    fc.tuple(fc.constant(INT), fc.integer()),
    fc.tuple(fc.constant(LONG), fc.maxSafeInteger()),
    fc.tuple(fc.constant(FLAG), fc.boolean()),
    fc.tuple(fc.constant(LIST), fc.array(word)),
    fc.tuple(
      fc.constant(PATH),
      word.map((it) => `/data/${it}`),
    ),
  )
  fc.assert(
    fc.property(cases, ([key, value]) => {
      fc.pre(key !== PATH || !/\/\.+$/.test(value as string))
      expect(readValue(key, printValue(key, value)!, testEnv)).toEqual({ value })
    }),
  )
})
