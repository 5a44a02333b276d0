import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planCluster } from '../../../plan/plan.ts'
import { parseClusterConfig } from '../../../plan/schema/parse-cluster-config.ts'
import { machineSpec } from '../machine-spec-of-node.ts'
import { devicePath, mountUnitName } from './data-mount.ts'
import { encodeUserData } from './encode-user-data.ts'
import { unitWord } from './service-unit.ts'
import { writeFileCommand } from './shell-text.ts'
import { renderUserData } from './user-data.ts'

const artifact = { bucket: 'artifacts', key: `gantry-runtime/${'1'.repeat(64)}/a.tar.gz`, sha256: '1'.repeat(64) }

function specOf(id: string, changes: object = {}) {
  const config = parseClusterConfig(
    {
      name: 'Shop',
      nameServers: 1,
      groups: [{ name: 'broker-a', replicas: 2 }],
      runtime: { nodeOptions: ['--max-old-space-size=512'] },
      platform: { aws: { network: { cidr: '10.60.0.0/16', zones: ['eu-central-1a', 'eu-central-1b'] } } },
      ...changes,
    },
    { toRun: false },
  )
  const node = planCluster(config, { localDataDir: '/none' }).nodes.find((each) => each.id === id)
  if (node === undefined) throw new Error(`no node ${id}`)
  const parameter = node.tls === undefined ? {} : { parameter: `/gantry/shop/prod/shop/${node.kind}/${id}` }
  const dataVolumeId = node.kind === 'proxy' ? {} : { dataVolumeId: 'vol-0123456789abcdef0' }
  const from = { clusterName: 'Shop', region: 'eu-central-1', artifact, dataRoot: config.dataDir, apacheHeap: '4g' }
  return machineSpec(node, { ...from, ...dataVolumeId, ...parameter })
}

describe('user data', () => {
  it.each([
    ['gantry-broker', 'broker-a-1', {}],
    ['gantry-name-server', 'namesrv-0', {}],
    ['apache-broker', 'broker-a-0', { engine: 'apache' }],
    ['apache-proxy', 'proxy-0', { engine: 'apache', proxies: {} }],
  ])('of %s is as recorded, short enough, and bash can read it', async (name, id, changes) => {
    const text = renderUserData(specOf(id, changes))
    expect(renderUserData(specOf(id, changes))).toBe(text)
    await expect(text).toMatchFileSnapshot(`golden/${name}.sh`)
    expect(Buffer.byteLength(text)).toBeLessThan(16_384)
    execFileSync('bash', ['-n'], { input: text })
  })

  const security = { tls: {}, accessControl: {} }

  it.each([
    ['secured-broker', 'broker-a-1', { security }],
    ['secured-proxy', 'proxy-0', { security, proxies: {} }],
  ])('of %s names its secrets and has none', async (name, id, changes) => {
    const text = renderUserData(specOf(id, changes))
    await expect(text).toMatchFileSnapshot(`golden/${name}.sh`)
    expect(Buffer.from(encodeUserData(text, id), 'base64').length).toBeLessThan(16_384)
    execFileSync('bash', ['-n'], { input: text })
    expect(text).not.toMatch(/BEGIN|accessKey|secretKey/)
  })

  it('a conf file that names parameters is made in memory at every start, and without certificates once', () => {
    const text = renderUserData(specOf('broker-a-0', { brokerConfig: { objectStoreSecretKey: 'ssm:/shop/key' } }))
    expect(text).toContain(
      'ExecStartPre=/opt/gantry/bin/fetch-secrets conf eu-central-1 /opt/gantry/broker.conf /run/gantry/broker.conf\n',
    )
    expect(text).toContain('/mqbroker -c /run/gantry/broker.conf\n')
    expect(text).not.toContain('gantry-secrets')
  })

  it('is compressed when it is too long, and refused when that does not help', () => {
    const long = renderUserData(specOf('broker-a-0', { brokerConfig: { msgTraceTopicName: 'x'.repeat(9000) } }))
    const bytes = Buffer.from(encodeUserData(long, 'broker-a-0'), 'base64')
    expect(bytes.length).toBeLessThan(16_384)
    expect(gunzipSync(bytes).toString()).toBe(long)
    const noise = Array.from({ length: 40_000 }, (_, index) => ((index * 7919) % 104_729).toString(36)).join('')
    expect(() => encodeUserData(noise, 'broker-a-0')).toThrow(
      /user data of broker-a-0 has \d+ bytes even when compressed/,
    )
  })

  it('a file arrives as it was, whatever is in it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-shell-'))
    try {
      const line = fc.oneof(
        fc.constant('END'),
        fc.constant('END_'),
        fc.constant('$(id) `id` $HOME \\ "\''),
        fc.string({ unit: 'grapheme' }),
      )
      const texts = fc.array(
        line.filter((each) => !each.includes('\0') && !each.includes('\r')),
        { minLength: 1, maxLength: 5 },
      )
      fc.assert(
        fc.property(texts, fc.constantFrom('plain.conf', "it's a file"), (lines, name) => {
          const path = join(folder, name)
          const text = `${lines.join('\n')}\n`
          execFileSync('bash', ['-eu'], { input: writeFileCommand(path, text) })
          expect(readFileSync(path, 'utf8')).toBe(text)
        }),
        { numRuns: 30 },
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('systemd reads words and names as they are meant', () => {
    expect(unitWord('--max-old-space-size=512')).toBe('--max-old-space-size=512')
    expect(unitWord('a "b" 50% $HOME \\')).toBe('"a \\"b\\" 50%% $$HOME \\\\"')
    expect(mountUnitName('/var/lib/gantry')).toBe('var-lib-gantry.mount')
    expect(mountUnitName('/srv/my-data')).toBe('srv-my\\x2ddata.mount')
    expect(devicePath('vol-0123456789abcdef0')).toBe(
      '/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0',
    )
  })
})
