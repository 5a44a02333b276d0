import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('mqcontroller', import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-bin-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]): Promise<{ code: number | null; out: string; errors: string }> {
  const child = spawn(LAUNCHER, args, { env: { ...process.env, HOME: folder } })
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, errors })))
}

test('prints its configuration and its usage', async () => {
  const file = join(folder, 'controller.conf')
  writeFileSync(
    file,
    'controllerDLegerGroup = g\ncontrollerDLegerPeers = n0-127.0.0.1:9878\ncontrollerDLegerSelfId = n0\ncontrollerStorePath = ~/store\n',
  )
  const printed = await run('-c', file, '-p')
  expect(printed.code).toBe(0)
  expect(printed.out.split('\n')).toEqual(
    expect.arrayContaining([
      'listenPort=9878',
      `controllerStorePath=${folder}/store`,
      'enableElectUncleanMaster=false',
    ]),
  )
  const help = await run('-h')
  expect([help.code, help.out.split('\n')[0]]).toEqual([0, 'usage: mqcontroller [-c <file>] [-p] [-h]'])
})

test('what is wrong with the command line or the conf file is said and ends with 1', async () => {
  const wrong = await run('--wrong')
  expect([wrong.code, wrong.errors]).toEqual([1, expect.stringContaining("mqcontroller: Unknown option '--wrong'")])
  const missing = await run('-c', join(folder, 'none.conf'))
  expect([missing.code, missing.errors]).toEqual([
    1,
    expect.stringContaining('mqcontroller: cannot read the conf file: ENOENT'),
  ])
  const alone = await run()
  expect([alone.code, alone.errors]).toEqual([
    1,
    expect.stringMatching(/^mqcontroller: defaults: a controller needs controllerDLegerGroup/),
  ])
})
