import { expect, test } from 'vitest'
import { SimDisk } from '../../test/sim/sim-disk.ts'
import { liveNamesrvConf, parseNamesrvConf } from './namesrv-conf.ts'
import { testEnv } from './test-env.ts'

const FILE = '/srv/mq/namesrv.conf'

function running(text = '') {
  const parsed = parseNamesrvConf(text, 'namesrv.conf', testEnv, { configStorePath: FILE })
  if (!parsed.ok) throw new Error(parsed.errors.join('; '))
  const disk = new SimDisk()
  let changes = 0
  const live = liveNamesrvConf({
    conf: parsed.conf,
    env: testEnv,
    disk,
    onChanged: () => {
      changes++
    },
  })
  return { live, disk, changes: () => changes, saved: () => disk.readFile(FILE).toString() }
}

test('a live key counts at once, another from the next start on; both are saved and shown', () => {
  const { live, changes, saved } = running()
  expect(live.change('orderMessageEnable=true\nlistenPort=1234\n')).toEqual({
    keys: ['orderMessageEnable', 'listenPort'],
    remark: 'saved, but needs a restart: listenPort',
  })
  expect([live.conf.orderMessageEnable, live.conf.listenPort, changes()]).toEqual([true, 9876, 1])
  expect(saved()).toBe('orderMessageEnable=true\nlistenPort=1234\n')
  expect(live.text()).toMatch(/^listenPort=1234$[\s\S]*^orderMessageEnable=true$/m)
})

test('an empty change is none', () => {
  const { live, changes, disk } = running()
  expect(live.change('\n# nothing\n')).toEqual({ keys: [], remark: undefined })
  expect([changes(), disk.stat(FILE)]).toEqual([0, undefined])
})

test.each([
  ['kvConfigPath=/x', 16, 'Can not update config in black list: kvConfigPath'],
  ['orderMessageEnable=perhaps', 1, 'orderMessageEnable = "perhaps": expected true or false'],
  ['a=\\u12', 1, 'string2Properties error: line 1: "\\u12" is not a character: \\u takes four hexadecimal digits'],
])('%s is refused, and nothing is changed or saved', (text, code, message) => {
  const { live, changes, disk } = running()
  expect(() => live.change(`enableTopicList=false\n${text}`)).toThrow(
    expect.objectContaining({ code, message: message.replace('line 1', 'line 2') }),
  )
  expect([live.conf.enableTopicList, changes(), disk.stat(FILE)]).toEqual([true, 0, undefined])
})

test('a change that cannot be saved is not made', () => {
  const { live, disk } = running()
  disk.fail({ nth: 1, code: 'EIO', operations: ['open'] })
  expect(() => live.change('enableTopicList=false')).toThrow(
    /^cannot save the configuration to \/srv\/mq\/namesrv.conf: /,
  )
  expect(live.conf.enableTopicList).toBe(true)
})
