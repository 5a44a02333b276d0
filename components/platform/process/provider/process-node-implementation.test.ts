import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockDataDir } from '../data-dir-lock.ts'
import { isRunning, ownProcess } from '../process-identity.ts'
import { processNodeImplementation as nodes, type ProcessNodeInputs } from './process-node-implementation.ts'
import { readProcessRecord, writeProcessRecord } from './process-record.ts'

let root = ''
let port = 0

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: found } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return found
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gantry-node-'))
  port = await freePort()
  mkdirSync(join(root, 'bin'))
})

afterEach(() => rmSync(root, { recursive: true }))

/** A NameServer whose engine is the shell script given. */
function inputsFor(script: string): ProcessNodeInputs {
  writeFileSync(join(root, 'bin/mqnamesrv'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const dataDir = join(root, 'namesrv-0')
  mkdirSync(dataDir, { recursive: true })
  return {
    node: {
      id: 'namesrv-0',
      kind: 'nameServer',
      engine: 'gantry',
      host: 'local',
      address: '127.0.0.1',
      advertisedAddress: '127.0.0.1',
      bindAddress: '127.0.0.1',
      port,
      ports: [{ port, purpose: 'listenPort' }],
      dataDir,
      confFile: { path: join(dataDir, 'namesrv.conf'), text: `listenPort=${port}\n` },
      nodeOptions: [],
      dependsOn: [],
    },
    nameServers: [],
    programs: { runtimeBin: join(root, 'bin') },
    readyTimeoutMs: 200,
  }
}

it('tells how a node ended that died while starting', async () => {
  const wanted = inputsFor('echo "cannot read $2"; exit 3')
  const { path } = wanted.node.confFile
  await expect(nodes.create(wanted)).rejects.toThrow(
    `namesrv-0 ended while starting (exit code 3): cannot read ${path}. Its log: ${join(root, 'namesrv-0/logs/namesrv-0.log')}`,
  )
  expect(readFileSync(path, 'utf8')).toBe(`listenPort=${port}\n`)
})

it('stops a node that does not become healthy in time, and keeps secrets of Pulumi from it', async () => {
  process.env['PULUMI_CONFIG_PASSPHRASE'] = 'secret'
  try {
    const wanted = inputsFor('echo "[$PULUMI_CONFIG_PASSPHRASE]"; exec sleep 60')
    await expect(nodes.create(wanted)).rejects.toThrow('namesrv-0 was not healthy after 0.2 s and was stopped: ')
    expect(readFileSync(join(root, 'namesrv-0/logs/namesrv-0.log'), 'utf8')).toBe('[]\n')
    const record = readProcessRecord(wanted.node.dataDir)
    expect(record).toMatchObject({ process: { pid: expect.any(Number) } })
    expect(record !== undefined && isRunning(record.process)).toBe(false)
  } finally {
    delete process.env['PULUMI_CONFIG_PASSPHRASE']
  }
})

it('leaves a folder alone that gantry up is using', async () => {
  const lock = lockDataDir(root)
  await expect(nodes.create(inputsFor('exit 0'))).rejects.toThrow(`${root} is in use by the supervisor with pid`)
  lock.release()
})

it('names a port that is taken', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await expect(nodes.create(inputsFor('exit 0'))).rejects.toThrow(
    `port ${port} of namesrv-0 (listenPort) on 127.0.0.1: already in use`,
  )
  await new Promise((resolve) => server.close(resolve))
})

it('sees a process that is gone, an edited conf file and a moved folder as differences', async () => {
  const wanted = inputsFor('exit 0')
  const { dataDir, confFile } = wanted.node
  writeFileSync(confFile.path, confFile.text)
  const self = ownProcess()
  const running = { ...wanted, phase: 'running' as const, process: self }
  writeProcessRecord(dataDir, { process: self, launch: '' })
  expect(await nodes.read('namesrv-0', running)).toEqual(running)
  expect(await nodes.diff(running, wanted)).toEqual({ changes: false, replaces: [], deleteBeforeReplace: true })

  const gone = { ...running, process: { pid: self.pid, identity: 'another' } }
  expect((await nodes.diff(gone, wanted)).changes).toBe(true)
  rmSync(join(dataDir, 'process.json'))
  expect((await nodes.read('namesrv-0', gone))?.phase).toBe('stopped')

  writeFileSync(confFile.path, 'listenPort=1\n')
  const edited = await nodes.read('namesrv-0', running)
  expect(edited?.node.confFile.text).toBe('listenPort=1\n')
  expect((await nodes.diff(edited ?? running, wanted)).changes).toBe(true)

  const moved = { ...wanted, node: { ...wanted.node, dataDir: join(root, 'elsewhere') } }
  expect((await nodes.diff(running, moved)).replaces).toEqual(['node'])
  rmSync(dataDir, { recursive: true })
  expect(await nodes.read('namesrv-0', running)).toBeUndefined()
})

it('runs nodes of this machine only', () => {
  const wanted = inputsFor('exit 0')
  const on = (address: string) => nodes.problems?.({ ...wanted, node: { ...wanted.node, address } }, undefined)
  expect(on('127.0.0.2')).toEqual([])
  expect(on('some.host.example')).toEqual([])
  // 192.0.2.0/24 is set aside for documentation: nobody has it.
  expect(on('192.0.2.1')?.map(({ reason }) => reason)).toEqual([
    'namesrv-0 is to run on host local (192.0.2.1), which is not this machine: processes are started here only. Leave hosts out of the config, or use platform.docker',
  ])
})
