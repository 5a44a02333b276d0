import { expect, it } from 'vitest'
import { givenTextOf } from '../../../runtime/bin/given-conf.ts'
import { secretWord } from '../../plan/security/security-keys.ts'
import { brokerNode } from '../../rollout/testing/broker-node.ts'
import { hasSecrets, privateFiles } from './private-files.ts'

const dataDir = '/var/lib/gantry'
const confFile = { path: `${dataDir}/broker.conf`, text: 'brokerName=a\n' }
const bare = { ...brokerNode(0), dataDir, confFile }
const node = {
  ...bare,
  tls: { path: `${dataDir}/tls/tls.properties`, text: 'tls.enable=true\n' },
  pems: { key: 'KEY', cert: 'CERT', trusted: 'CA' },
}
const given = { madeFor: 'spec', text: 'brokerName=b\n' }

it('are for the eyes of the node alone, in its volume', () => {
  const entries = privateFiles(node, given)
  const shown = entries.map(({ path, content }) => {
    if ('file' in content) return expect.fail('a file of this machine')
    const { owner } = content
    return 'text' in content ? [path, content.mode, owner, content.text] : [path, content.folderMode, owner]
  })
  const owner = { uid: 10_001, gid: 10_001 }
  expect(shown).toEqual([
    ['tls/', 0o700, owner],
    ['tls/ca.crt', 0o600, owner, 'CA'],
    ['tls/node.key', 0o600, owner, 'KEY'],
    ['tls/node.crt', 0o600, owner, 'CERT'],
    ['tls/tls.properties', 0o600, owner, 'tls.enable=true\n'],
    ['broker.conf.given', 0o600, owner, expect.stringContaining('brokerName=b\n')],
  ])
  const [, , , text = ''] = shown.at(-1) as [string, number, object, string]
  expect(givenTextOf('spec', text)).toBe(given.text)
  expect(givenTextOf('another', text)).toBeUndefined()
})

it('without TLS are the conf file alone', () => {
  expect(privateFiles(bare, given).map(({ path }) => path)).toEqual(['broker.conf.given'])
})

it('are there where a word stands for a secret, with TLS, and where values come as outputs', () => {
  expect(hasSecrets({ place: bare })).toBe(false)
  expect(hasSecrets({ place: node })).toBe(true)
  expect(hasSecrets({ place: { ...bare, confFile: { ...confFile, text: `a=${secretWord('servers', 1)}\n` } } })).toBe(
    true,
  )
  expect(hasSecrets({ place: bare, isConfPrivate: true })).toBe(true)
  expect(hasSecrets({ place: { ...bare, engine: 'apache' }, isConfPrivate: true }), 'its shell knows none').toBe(false)
})
