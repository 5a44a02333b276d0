import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { liveConf, liveConfPath } from '../../../runtime/bin/live-conf.ts'
import { containerProgram } from './container-args.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-container-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const given = 'brokerName=a\nnamesrvAddr=one:9876\n'

/** The conf file that the official image's server is started with. */
function confWith(live: string | undefined): string {
  const path = join(folder, 'broker.conf')
  const node = {
    kind: 'broker',
    engine: 'apache',
    confFile: { path, text: '' },
    nodeOptions: [],
    dataDir: folder,
  } as const
  const { entrypoints: [, , script = ''] = [] } = containerProgram(
    { ...node, id: 'broker-a-0', host: 'one', advertisedAddress: 'one', port: 10_911, ports: [] },
    { apacheHeap: '512m' },
  )
  if (live !== undefined) writeFileSync(liveConfPath(path), live)
  writeFileSync(join(folder, 'java'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  execFileSync('sh', ['-c', script], { env: { PATH: `${folder}:${process.env['PATH']}`, GANTRY_CONF: given } })
  return readFileSync(path, 'utf8')
}

it('starts the official server with the conf file of its container, and with what was changed since', () => {
  expect(confWith(undefined)).toBe(given)
  const text = given.replace('one:', 'two:')
  expect(confWith(liveConf(given, text))).toBe(text)
  expect(confWith(liveConf(`${given}x`, text)), 'of a former container').toBe(given)
  expect(confWith(liveConf(given, text).slice(0, -3)), 'torn').toBe(given)
})
