import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { instanceTlsFiles } from '../../../plan/aws/instance-files.ts'
import { secretWord } from '../../../plan/security/security-keys.ts'
import { newCredentials } from '../../../security/credentials.ts'
import { fillSecrets } from '../../../security/fill-secrets.ts'
import { nodeSecrets } from '../../../security/node-secrets.ts'

const credentials = newCredentials()
const pems = { key: 'the key\n', cert: 'the certificate\n', trusted: 'the authorities\n' }
const source = (name: string): string => readFileSync(new URL(`./steps/${name}`, import.meta.url), 'utf8')

/** Calls a function of the program, with parameters that are given. */
const caller = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location('program', sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
values = json.load(open(sys.argv[2]))
def parameter(region, name):
    if name not in values:
        raise OSError('HTTP Error 400: Bad Request')
    return values[name]
program.parameter = parameter
program.time.sleep = lambda seconds: None
getattr(program, sys.argv[3])('eu-central-1', *sys.argv[4:])
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-secrets-'))
  mkdirSync(join(folder, 'run'))
  writeFileSync(join(folder, 'program.py'), `${source('aws.py')}\n\n${source('fetch-secrets.py')}`)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string): string => join(folder, name)
const textOf = (name: string): string => readFileSync(at(name), 'latin1')

function call(name: string, values: Readonly<Record<string, string>>, ...words: string[]): string {
  writeFileSync(at('values.json'), JSON.stringify(values))
  const args = ['-c', caller, at('program.py'), at('values.json'), name, ...words]
  return execFileSync('python3', args, { encoding: 'utf8', stdio: 'pipe' })
}

const valueFor = (text: string, files = pems) =>
  JSON.stringify(nodeSecrets({ confFile: { path: '', text } }, instanceTlsFiles, credentials, files))

/** Instances have it; where tests run it may be missing, and test/aws runs the program as well. */
const hasPython = spawnSync('python3', ['--version']).status === 0

describe.skipIf(!hasPython)('fetch-secrets', { timeout: 60_000 }, () => {
  it('makes the conf file that the planner would, properties or JSON, and files for the node alone', () => {
    const properties = `a=1\nb=${secretWord('servers', 1)}\nc=${secretWord('admin', 1)}\n`
    const json = `${JSON.stringify({ a: 1, b: secretWord('servers', 1) }, null, 2)}\n`
    for (const text of [properties, json]) {
      writeFileSync(at('template'), text)
      const shown = call('make_conf', { '/own': valueFor(text) }, at('template'), at('run/node.conf'), '/own')
      expect(textOf('run/node.conf')).toBe(fillSecrets(text, () => credentials))
      expect(shown).not.toContain('the key')
    }
    expect(['node.key', 'node.crt', 'ca.crt'].map((name) => textOf(`run/tls/${name}`))).toEqual(Object.values(pems))
    for (const name of ['node.conf', 'node.conf.made', 'tls/node.key']) {
      expect(statSync(at(`run/${name}`)).mode & 0o777, name).toBe(0o600)
    }
    expect(statSync(at('run/tls')).mode & 0o777).toBe(0o700)
  })

  it('puts further parameters in the places of their names, as each format has them', () => {
    const secret = 'it\'s "secret" \\ \u00e9\nof two lines'
    const make = (text: string) => {
      writeFileSync(at('template'), text)
      call('make_conf', { '/shop/key': secret }, at('template'), at('run/node.conf'))
      return textOf('run/node.conf')
    }
    expect(make('a=ssm:/shop/key\n')).toBe('a=it\'s "secret" \\\\ \\u00e9\\nof two lines\n')
    expect(JSON.parse(make('{"a": "ssm:/shop/key"}\n'))).toEqual({ a: secret })
  })

  it('a conf file that was changed while the node ran stays, until it would be made another one', () => {
    const make = (text: string) => {
      writeFileSync(at('template'), text)
      call('make_conf', {}, at('template'), at('run/node.conf'))
    }
    make('a=1\n')
    writeFileSync(at('run/node.conf'), 'a=2\n')
    make('a=1\n')
    expect(textOf('run/node.conf')).toBe('a=2\n')
    make('a=3\n')
    expect(textOf('run/node.conf')).toBe('a=3\n')
  })

  it('says by name which files are new, and nothing when none is', () => {
    const write = (files: typeof pems) => call('write_files', { '/own': valueFor('', files) }, at('run'), '/own')
    expect(write(pems)).toBe('gantry: new ca.crt, node.key, node.crt\n')
    expect(write(pems)).toBe('')
    expect(write({ ...pems, trusted: 'others\n' })).toBe('gantry: new ca.crt\n')
  })

  it('without an answer a node goes on with what it had, and one that has nothing does not start', () => {
    const text = `a=${secretWord('servers', 1)}\n`
    writeFileSync(at('template'), text)
    const start = (values: Readonly<Record<string, string>>) =>
      call('at_start', values, at('template'), at('run/node.conf'), '/own')
    expect(() => start({})).toThrow(/attempt 12 of 12: HTTP Error 400: Bad Request \ngantry: gave up/)
    start({ '/own': valueFor(text) })
    start({})
    expect(textOf('run/node.conf')).toBe(fillSecrets(text, () => credentials))
  })
})
