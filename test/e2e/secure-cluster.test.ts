import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ClusterStatus } from '../../cli/cluster-status.ts'
import { AdminClient } from '../../components/admin/admin-client.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { TestAuthority } from '../../runtime/io/tls/testing/test-authority.ts'
import { freeBasePort, GantryCommand, runGantry } from './gantry-command.ts'

const basePort = await freeBasePort(3)

let folder = ''
let authority: TestAuthority

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-secure-'))
  authority = new TestAuthority()
})

afterEach(async () => {
  await runGantry(['down', 'secure'], folder)
  rmSync(folder, { recursive: true, force: true })
  authority.remove()
})

/** What the environment of nodes and tools says: nothing but TLS, both sides verified. */
function secureEnvironment(): Record<string, string> {
  const { keyPath, certPath } = authority.sign('node')
  const file = join(authority.folder, 'tls.properties')
  const sides = ['server', 'client'].flatMap((side) => [
    `tls.${side}.keyPath=${keyPath}`,
    `tls.${side}.certPath=${certPath}`,
    `tls.${side}.trustCertPath=${authority.certPath}`,
  ])
  const rules = ['tls.server.need.client.auth=require', 'tls.server.authClient=true', 'tls.client.authServer=true']
  writeFileSync(file, [...sides, ...rules].join('\n'))
  return { JAVA_OPT_EXT: `-Dtls.config.file=${file} -Dtls.enable=true -Dtls.server.mode=enforcing` }
}

const STACK = {
  nameServers: 1,
  controllers: { mode: 'embedded', replicas: 1 },
  groups: [{ name: 'broker-a', replicas: 2 }],
  topics: [{ name: 'Orders', queues: 4 }],
}

it('a cluster whose ports take nothing but TLS comes up, is asked for its state, and is changed, by tools that speak it', async () => {
  const env = secureEnvironment()
  const stack = join(folder, 'Pulumi.secure.yaml')
  const write = (cluster: object) => writeFileSync(stack, stringify({ config: { 'gantry:cluster': cluster } }))
  write(STACK)
  const command = ['up', stack, '--base-port', String(basePort)]
  const up = new GantryCommand(command, folder, env)
  await up.printed('Ctrl-C stops the cluster.')

  const { stdout } = await runGantry(['status', '--json'], folder, env)
  const status = (JSON.parse(stdout) as { clusters: ClusterStatus[] }).clusters[0]!
  expect(status.nodes.map(({ node, phase }) => `${node} ${phase}`)).toEqual([
    'namesrv-0 healthy',
    'broker-a-0 healthy',
    'broker-a-1 healthy',
  ])

  const nameServer = `127.0.0.1:${basePort}`
  const plain = new AdminClient(2000, new RealNetwork())
  await expect(plain.ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO })).rejects.toThrow()
  plain.close()

  write({ ...STACK, brokerConfig: { fileReservedTime: 24 } })
  const changed = await runGantry(command, folder, env)
  expect([changed.exitCode, changed.stderr]).toEqual([0, ''])
  up.child.kill('SIGINT')
  expect(await up.ended()).toBe(0)
}, 120_000)

it('what the environment says of TLS and cannot be used is named before anything is started', async () => {
  const env = { JAVA_OPT_EXT: '-Dtls.enabled=true' }
  const { exitCode, stderr } = await runGantry(['up', 'single-master', '--base-port', String(basePort)], folder, env)
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('tls.enable')
  expect(stderr).not.toContain(' at ')
})
