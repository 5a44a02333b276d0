import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const BIN = fileURLToPath(new URL('../../runtime/bin', import.meta.url))
const SEGMENT_BYTES = 1_048_576
/** A server that neither starts nor gives up in this time is killed, and its test fails. */
const WAIT_MAX_MS = 20_000

let folder = ''
let taken: Server
let takenPort = 0
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-bad-input-'))
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  takenPort = (taken.address() as { port: number }).port
})

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  taken.close()
  rmSync(folder, { recursive: true, force: true })
})

function confFile(name: string, settings: Record<string, string | number>): string {
  const all = {
    brokerName: 'broker-a',
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: 0,
    haListenPort: 0,
    mappedFileSizeCommitLog: SEGMENT_BYTES,
    storePathRootDir: join(folder, 'store'),
    ...settings,
  }
  const path = join(folder, name)
  writeFileSync(
    path,
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  return path
}

interface Started {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
}

function start(server: 'mqbroker' | 'mqnamesrv', conf: string): Started {
  const child = spawn(join(BIN, server), ['-c', conf], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  return { child, out: () => out, err: () => err }
}

/** What a server that does not start says on standard error. */
async function refusal(server: 'mqbroker' | 'mqnamesrv', conf: string): Promise<string[]> {
  const { child, err } = start(server, conf)
  const [code, signal] = await once(child, 'close', { signal: AbortSignal.timeout(WAIT_MAX_MS) })
  expect([code, signal, err()]).toEqual([1, null, expect.any(String)])
  return err().trimEnd().split('\n')
}

async function running(conf: string): Promise<Started> {
  const started = start('mqbroker', conf)
  const limit = AbortSignal.timeout(WAIT_MAX_MS)
  while (!started.out().includes('boot success')) await once(started.child.stdout!, 'data', { signal: limit })
  return started
}

test.each(['mqbroker', 'mqnamesrv'] as const)('%s names a port that is in use', async (server) => {
  const conf = join(folder, 'namesrv.conf')
  writeFileSync(conf, `bindAddress=127.0.0.1\nlistenPort=${takenPort}\n`)
  const lines = await refusal(server, server === 'mqnamesrv' ? conf : confFile('a.conf', { listenPort: takenPort }))
  expect(lines).toEqual([
    `${server}: port ${takenPort} of 127.0.0.1 is in use by another process; stop it or choose another port`,
  ])
  expect(taken.listening).toBe(true)
})

test('a store that another broker has open is left alone', async () => {
  const first = await running(confFile('a.conf', {}))
  const store = join(folder, 'store')
  expect(await refusal('mqbroker', confFile('b.conf', {}))).toEqual([
    `mqbroker: store folder ${store} is in use: another broker holds the lock on ${store}/lock. ` +
      'Stop it, or give this broker its own storePathRootDir',
  ])
  expect(existsSync(join(store, 'abort'))).toBe(true)
  const exited = once(first.child, 'exit', { signal: AbortSignal.timeout(WAIT_MAX_MS) })
  first.child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

test('a store folder that cannot be made is named, with the key', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, 'not a folder')
  const advice = 'Set storePathRootDir to a folder that this process may write to'
  expect(await refusal('mqbroker', confFile('a.conf', { storePathRootDir: file }))).toEqual([
    expect.stringMatching(`^mqbroker: store folder ${file} cannot be used: .*${file}.*${advice}$`),
  ])
  expect(readFileSync(file, 'utf8')).toBe('not a folder')
  expect(await refusal('mqbroker', confFile('b.conf', { storePathRootDir: '/proc/gantry/store' }))).toEqual([
    expect.stringMatching(`^mqbroker: store folder /proc/gantry/store cannot be used: .*/proc/gantry.*${advice}$`),
  ])
})

test('unknown keys and mistyped values are told all at once, with file and line', async () => {
  const conf = confFile('a.conf', { fileReservedTime: 'long', autoCreateTopicEnabled: 'true' })
  expect(await refusal('mqbroker', conf)).toEqual([
    `mqbroker: ${conf}:8: fileReservedTime = "long": expected a whole number from 0 to 2147483647 (h)`,
    `mqbroker: ${conf}:9: unknown key autoCreateTopicEnabled (value "true"): did you mean autoCreateTopicEnable?`,
  ])
  expect(existsSync(join(folder, 'store'))).toBe(false)
})

test('a commit log file of another size is not touched', async () => {
  const log = join(folder, 'store/commitlog')
  const file = join(log, '00000000000000000000')
  mkdirSync(log, { recursive: true })
  writeFileSync(file, 'the messages of somebody')
  truncateSync(file, 2 * SEGMENT_BYTES)
  const before = readFileSync(file)
  expect(await refusal('mqbroker', confFile('a.conf', {}))).toEqual([
    `mqbroker: commit log file ${file} is ${2 * SEGMENT_BYTES} bytes long, but mappedFileSizeCommitLog is ` +
      `${SEGMENT_BYTES}: set mappedFileSizeCommitLog to what the store was made with`,
  ])
  expect(readFileSync(file).equals(before)).toBe(true)
})

test.each(['mqbroker', 'mqnamesrv'] as const)('%s names a conf file that is not there', async (server) => {
  const conf = join(folder, 'missing.conf')
  expect(await refusal(server, conf)).toEqual([
    expect.stringMatching(`^${server}: cannot read the conf file: .*${conf}`),
  ])
})
