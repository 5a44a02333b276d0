import { expect, test } from 'vitest'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { WholeBroker } from './testing/whole-broker.ts'

const BODY = Buffer.alloc(4000, 'x')

/** The broker looks at its disks every ten seconds, and a minute after its start for the first time. */
const NEXT_LOOK_MS = 75_000

test('on a full disk senders are told which one and what to do, consumers read on, and sends go on when there is room', async () => {
  const whole = await WholeBroker.start('', { quotaBytes: 4_000_000 })
  for (let i = 0; i < 20; i++) expect((await whole.send('T', { body: BODY })).code).toBe(0)
  whole.disk.quotaBytes = Math.round(whole.disk.usedBytes / 0.93)
  await whole.advance(NEXT_LOOK_MS)
  const refused = await whole.send('T', { body: BODY })
  expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  expect(refused.remark).toMatch(
    /the disk of storePathCommitLog \(\/store\/commitlog\) is \d+ % used .* above 90 % \(diskSpaceWarningLevelRatio\): free space/,
  )
  expect(await whole.pull('T', { offset: 19 })).toMatchObject({ code: ResponseCode.SUCCESS, remark: 'FOUND' })
  whole.disk.quotaBytes = 40_000_000
  await whole.advance(NEXT_LOOK_MS)
  expect((await whole.send('T', { body: BODY })).code).toBe(ResponseCode.SUCCESS)
})

test('a disk that fills up in the middle of a batch fails its sends and leaves what was acknowledged', async () => {
  const whole = await WholeBroker.start('', { quotaBytes: 4_000_000 })
  let acknowledged = 0
  while ((await whole.send('T', { body: BODY })).code === ResponseCode.SUCCESS) {
    acknowledged++
    if (acknowledged === 20) whole.disk.quotaBytes = whole.disk.usedBytes
    expect(acknowledged).toBeLessThan(1000)
  }
  const refused = await whole.send('T', { body: BODY })
  expect(refused.code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  expect(await whole.pull('T', { offset: acknowledged - 1 })).toMatchObject({ code: ResponseCode.SUCCESS })
  whole.disk.quotaBytes = 40_000_000
  await whole.advance(NEXT_LOOK_MS)
  const sent = await whole.send('T', { body: BODY })
  expect([sent.code, sent.fields['queueOffset']]).toEqual([ResponseCode.SUCCESS, String(acknowledged)])
})

test('a broker that starts on a full disk takes messages within two seconds of there being room', async () => {
  const whole = await WholeBroker.start('', { quotaBytes: 4_000_000 })
  for (let i = 0; i < 20; i++) expect((await whole.send('T', { body: BODY })).code).toBe(ResponseCode.SUCCESS)
  await whole.restart()
  whole.crash('process')
  whole.disk.quotaBytes = Math.round(whole.disk.usedBytes / 0.93)
  await whole.startAgain()
  expect((await whole.send('T', { body: BODY })).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  whole.disk.quotaBytes = 40_000_000
  await whole.advance(2_000)
  expect((await whole.send('T', { body: BODY })).code).toBe(ResponseCode.SUCCESS)
})
