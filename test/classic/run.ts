import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Host, joinHosts, removeHosts } from './network-hosts.ts'

/*
 * The classic deployment on two hosts, from the very properties files that people have: addresses, `~` paths and all. The
 * two hosts are network namespaces. Needs Linux, root and iproute2. The last line is `N passed, N failed`.
 */

const bin = join(import.meta.dirname, '../../runtime/bin')
const unique = process.pid
const hosts: [Host, Host] = [
  { name: 'host1', namespace: `gantry-${unique}-1`, address: '10.70.20.11' },
  { name: 'host2', namespace: `gantry-${unique}-2`, address: '10.70.20.12' },
]
const BROKER_FILES = { host1: ['broker-a', 'broker-b-s'], host2: ['broker-b', 'broker-a-s'] } as const
const EXPECTED = [
  ['broker-a', '0', '10.70.20.11:10911'],
  ['broker-a', '1', '10.70.20.12:11911'],
  ['broker-b', '0', '10.70.20.12:10911'],
  ['broker-b', '1', '10.70.20.11:11911'],
]
const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 10_000

const dir = mkdtempSync(join(tmpdir(), 'gantry-classic-'))
const running: ChildProcess[] = []

function start(host: Host, name: string, program: string, args: readonly string[]): void {
  const home = join(dir, host.name)
  mkdirSync(home, { recursive: true })
  const log = openSync(join(home, `${name}.log`), 'a')
  const command = ['netns', 'exec', host.namespace, join(bin, program), ...args]
  running.push(spawn('ip', command, { env: { ...process.env, HOME: home }, stdio: ['ignore', log, log] }))
}

function admin(host: Host, ...args: string[]): string {
  const command = ['netns', 'exec', host.namespace, join(bin, 'mqadmin'), ...args, '-n', `${host.address}:9876`]
  const { stdout, stderr, status } = spawnSync('ip', command, { encoding: 'utf8', timeout: 20_000 })
  if (status !== 0) throw new Error(`mqadmin ${args.join(' ')} on ${host.name}: ${stderr}`)
  return stdout
}

/** Broker name, id and address of each line of clusterList. */
function brokersSeenBy(host: Host): string[][] {
  const lines = admin(host, 'clusterList').trim().split('\n').slice(1)
  return lines.map((line) => line.trim().split(/\s+/).slice(1, 4)).sort()
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS
  let last: unknown
  while (Date.now() < deadline) {
    try {
      if (condition()) return
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${what}: not within ${READY_WITHIN_MS} ms${last ? ` (${String(last)})` : ''}`)
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

async function stopAll(): Promise<void> {
  const ended = running.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())))
  const open = running.filter((child) => child.exitCode === null && child.signalCode === null)
  for (const child of open) child.kill('SIGTERM')
  const timer = setTimeout(() => {
    for (const child of open) child.kill('SIGKILL')
  }, STOP_WITHIN_MS)
  await Promise.all(ended.filter((_, i) => open.includes(running[i]!)))
  clearTimeout(timer)
}

const checks: [string, () => Promise<void> | void][] = [
  [
    'both NameServers list the four brokers at their hosts',
    async () => {
      for (const host of hosts) await until(`clusterList of ${host.name}`, () => same(brokersSeenBy(host), EXPECTED))
    },
  ],
  [
    'a message sent on one host is read on the other',
    async () => {
      admin(hosts[0], 'updateTopic', '-c', 'DefaultCluster', '-t', 'Classic')
      await until('route of Classic', () => admin(hosts[1], 'topicRoute', '-t', 'Classic').includes('broker-b'))
      const sent = admin(hosts[0], 'sendMessage', '-t', 'Classic', '-p', 'across the cable')
      if (!sent.includes('SEND_OK')) throw new Error(`sendMessage printed: ${sent}`)
      await until('the message', () => admin(hosts[1], 'printMsg', '-t', 'Classic').includes('across the cable'))
    },
  ],
  [
    'each slave follows the master on the other host',
    async () => {
      for (const [host, address] of [
        [hosts[0], '10.70.20.11:10911'],
        [hosts[1], '10.70.20.12:10911'],
      ] as const) {
        await until(`slave of ${address}`, () => /#InSyncSlaveNum\t1\n/.test(admin(host, 'haStatus', '-b', address)))
      }
    },
  ],
  [
    'the slave keeps its store where its file says',
    () => {
      for (const host of hosts) {
        const abort = readFileSync(join(dir, host.name, 'store-s/abort'), 'utf8')
        if (!/^\d+$/.test(abort.trim())) throw new Error(`${host.name}: abort file holds ${JSON.stringify(abort)}`)
      }
    },
  ],
]

let passed = 0
let failed = 0
try {
  joinHosts(hosts)
  for (const host of hosts) start(host, 'namesrv', 'mqnamesrv', [])
  for (const host of hosts) {
    for (const name of BROKER_FILES[host.name as keyof typeof BROKER_FILES]) {
      start(host, name, 'mqbroker', ['-c', join(import.meta.dirname, host.name, `${name}.properties`)])
    }
  }
  for (const [what, check] of checks) {
    try {
      await check()
      passed++
      process.stdout.write(`ok   ${what}\n`)
    } catch (error) {
      failed++
      process.stdout.write(`FAIL ${what}: ${(error as Error).message}\n`)
    }
  }
} catch (error) {
  failed++
  process.stdout.write(`FAIL set-up: ${(error as Error).message}\n`)
} finally {
  await stopAll()
  removeHosts(hosts)
}
if (failed === 0) rmSync(dir, { recursive: true })
else process.stdout.write(`logs kept in ${dir}\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
