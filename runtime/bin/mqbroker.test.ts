import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('mqbroker', import.meta.url))

let folder: string
const started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-mqbroker-'))
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(program: string, ...args: string[]) {
  const child = spawn(program, args, { env: { ...process.env, HOME: folder } })
  started.push(child)
  let out = ''
  let booted = () => {}
  const boot = new Promise<void>((resolve) => {
    booted = resolve
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.includes('boot success')) booted()
    })
  }
  const ended = new Promise<{ code: number | null; out: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out }))
  })
  return { boot: Promise.race([boot, ended]), ended, out: () => out }
}

function conf(brokerIP1: string): string {
  const path = join(folder, 'broker.conf')
  const lines = ['listenPort=0', 'haListenPort=0', 'bindAddress=127.0.0.1', `brokerIP1=${brokerIP1}`]
  const store = [`storePathRootDir=${join(folder, 'store')}`, 'mappedFileSizeCommitLog=65536']
  writeFileSync(path, [...lines, ...store, ''].join('\n'))
  return path
}

test('a name in brokerIP1 is announced as it stands, and resolved for what messages carry', async () => {
  const broker = start(LAUNCHER, '-c', conf('localhost'))
  await broker.boot
  expect(broker.out()).toMatch(/The broker\[[^,]+, localhost:\d+\] boot success/)
})

test('a name that does not resolve is told at once', async () => {
  const { code, out } = await start(LAUNCHER, '-c', conf('broker.invalid')).ended
  expect(code).toBe(1)
  expect(out).toMatch(
    /^mqbroker: brokerIP1: "broker\.invalid" is no address and no name that resolves \(E\w+\); correct it\n$/,
  )
})
