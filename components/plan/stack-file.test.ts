import { describe, expect, it } from 'vitest'
import { encryptedPaths } from './checks/check-secrets.ts'
import { parseStackFile } from './stack-file.ts'

describe('parseStackFile', () => {
  it('reads the cluster and leaves other keys to their owners', () => {
    const text = 'config:\n  aws:region: eu-central-1\n  gantry:cluster:\n    groups: [{ name: broker-a }]\n'
    expect(parseStackFile(text).groups.map((group) => group.name)).toEqual(['broker-a'])
  })

  it('names the line of a mistake', () => {
    const text = 'config:\n  gantry:cluster:\n    groups:\n      - name: broker-a\n        replicas: none\n'
    expect(() => parseStackFile(text)).toThrow(
      'line 5: gantry:cluster.groups[0].replicas: must be a number (found "none")\n    Write a number instead of "none".',
    )
  })

  it('reads what Pulumi has encrypted as a value that nobody knows', () => {
    const secret = 'objectStoreSecretKey: { secure: v1:abc= }'
    const text = `config:\n  gantry:cluster:\n    groups: [{ name: broker-a, config: { ${secret} } }]\n`
    const config = parseStackFile(text)
    expect(config.groups[0]?.config).toEqual({ objectStoreSecretKey: '[secret]' })
    expect(encryptedPaths(config)).toEqual(['gantry:cluster.groups[0].config.objectStoreSecretKey'])
    expect(() => parseStackFile(text.replace('{ secure: v1:abc= }', 'abc'))).toThrow(
      "gantry:cluster.groups[0].config.objectStoreSecretKey: is a secret in plain text\n    Store it with pulumi config set --secret --path 'gantry:cluster.groups[0].config.objectStoreSecretKey'",
    )
  })

  it.each([
    ['config: [', 'is not valid YAML: '],
    ['', 'has no "config:" mapping. Write the cluster under config: gantry:cluster:'],
    ['config: {}', 'has no "gantry:cluster" under "config:". Write the cluster there.'],
    ['config: { "gantry:clutser": {} }', 'config key "gantry:clutser" is not known. Did you mean "gantry:cluster"?'],
  ])('refuses %j', (text, message) => {
    expect(() => parseStackFile(text)).toThrow(message)
  })
})
