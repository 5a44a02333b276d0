import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('mqnamesrv', import.meta.url))

let folder: string
const started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-bin-'))
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[], launcher = LAUNCHER, env: Record<string, string> = {}) {
  const child = spawn(launcher, args, { env: { ...process.env, HOME: folder, ...env } })
  started.push(child)
  let out = ''
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const booted = new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk) => {
      out += chunk
      const port = /boot success\. serializeType=JSON, address 127\.0\.0\.1:(\d+)\n/.exec(out)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
  const ended = new Promise<{ code: number | null; out: string; errors: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, errors }))
  })
  return { child, booted, ended }
}

function conf(text: string): string {
  const path = join(folder, 'namesrv.conf')
  writeFileSync(path, text)
  return path
}

const LOCAL = 'bindAddress=127.0.0.1\nlistenPort='

test('starts, says where it listens, refuses the port to a second one, and stops on a signal', async () => {
  const first = start(['-c', conf(`${LOCAL}0\n`)])
  const port = await first.booted
  const second = await start(['-c', conf(`${LOCAL}${port}\n`)]).ended
  expect([second.code, second.errors]).toEqual([
    1,
    `mqnamesrv: port ${port} of 127.0.0.1 is in use by another process; stop it or choose another port\n`,
  ])
  // The launcher's process is the server's.
  first.child.kill('SIGTERM')
  expect((await first.ended).code).toBe(0)
})

test('runs through a link, and stops on SIGINT', async () => {
  const link = join(folder, 'mqnamesrv')
  symlinkSync(LAUNCHER, link)
  const server = start(['-c', conf(`${LOCAL}0\n`)], link)
  await server.booted
  server.child.kill('SIGINT')
  expect((await server.ended).code).toBe(0)
})

test('prints its configuration and its usage', async () => {
  const file = conf('listenPort=1234\n')
  const printed = await start(['-c', file, '-p']).ended
  expect(printed.code).toBe(0)
  expect(printed.out.split('\n')).toEqual(expect.arrayContaining(['listenPort=1234', `configStorePath=${file}`]))
  const help = await start(['-h']).ended
  expect([help.code, help.out.split('\n')[0]]).toEqual([0, 'usage: mqnamesrv [-c <file>] [-p] [-h]'])
})

test('what is wrong with the command line, the conf file or the machine is said and ends with 1', async () => {
  const failing = async (args: string[], env: Record<string, string> = {}) => {
    const { code, errors } = await start(args, LAUNCHER, env).ended
    expect(code).toBe(1)
    return errors
  }
  expect(await failing(['--wrong'])).toContain("mqnamesrv: Unknown option '--wrong'")
  expect(await failing(['-c', join(folder, 'none.conf')])).toContain('mqnamesrv: cannot read the conf file: ENOENT')
  const file = conf('listenPort=x\nlistenPrt=1\n')
  const [mistyped, unknown] = (await failing(['-c', file])).split('\n')
  expect(mistyped).toBe(`mqnamesrv: ${file}:1: listenPort = "x": expected a whole number from 0 to 65535`)
  expect(unknown).toContain(`mqnamesrv: ${file}:2: unknown key listenPrt (value "1"): did you mean listenPort?`)
  expect(await failing([], { GANTRY_NODE: '/no/such/node' })).toBe(
    'mqnamesrv: GANTRY_NODE is "/no/such/node", which is not an executable file\n',
  )
})
