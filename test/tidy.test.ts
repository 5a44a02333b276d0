import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { expect, test } from 'vitest'
import { brokerTable } from '../runtime/config/broker-conf.ts'
import type { ConfKey } from '../runtime/config/conf-key.ts'
import { controllerTable } from '../runtime/config/controller-conf.ts'
import { namesrvTable } from '../runtime/config/namesrv-conf.ts'
import { proxyTable } from '../runtime/config/proxy-conf.ts'

/*
 * The house rules that a linter cannot say (CONTRIBUTING.md explains each). Every check lists the offenders, so that a
 * failure reads as what to mend.
 */

const root = normalize(join(import.meta.dirname, '..'))
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\0')
  .filter((path) => path.endsWith('.ts'))
  .filter((path) => {
    try {
      return readFileSync(join(root, path)) !== undefined
    } catch (error) {
      // Deleted in the work tree, not committed yet.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  })
const sources = new Map(tracked.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
/** Tests, and what only tests use: fixtures stand in folders called `testing`. */
const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/testing/')
const engine = [...sources].filter(([path]) => path.startsWith('runtime/') && !isTest(path))

/** Modules a file imports: project paths from the root, packages by name. */
function imports(path: string, text: string): string[] {
  const found: string[] = []
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (specifier === undefined) continue
    found.push(specifier.startsWith('.') ? normalize(join(dirname(path), specifier)).replaceAll(sep, '/') : specifier)
  }
  return found
}

/** Which folders of runtime/ a folder may import, besides itself. Arrows point one way: bin -> services -> store, net -> codec, io. */
const SERVICES = ['nameserver', 'controller', 'broker', 'admin', 'proxy']
const MAY_IMPORT: Record<string, readonly string[]> = {
  io: [],
  observe: [],
  codec: ['io'],
  config: ['codec', 'io'],
  filter: ['codec'],
  auth: ['codec', 'io', 'observe', 'config'],
  net: ['codec', 'io', 'observe'],
  store: ['codec', 'io', 'observe', 'config'],
  replication: ['codec', 'io', 'observe', 'net', 'config', 'store'],
  raft: ['codec', 'io', 'observe', 'net'],
  ...Object.fromEntries(
    SERVICES.map((service) => [service, ['codec', 'io', 'observe', 'net', 'config', 'store', 'replication', 'auth']]),
  ),
  controller: ['codec', 'io', 'observe', 'net', 'config', 'raft', 'auth'],
  broker: ['codec', 'io', 'observe', 'net', 'config', 'store', 'replication', 'filter', 'auth'],
  bin: [...SERVICES, 'codec', 'io', 'observe', 'net', 'config', 'store', 'replication', 'raft', 'auth'],
}

test('the engine is laid out in layers: no folder imports one above it, no service imports another', () => {
  const wrong: string[] = []
  for (const [path, text] of engine) {
    const folder = path.split('/')[1]!
    for (const target of imports(path, text)) {
      if (/^(components|cli|stacks|test|scripts)\/|\/testing\//.test(target)) wrong.push(`${path} imports ${target}`)
      if (!target.startsWith('runtime/')) continue
      const to = target.split('/')[1]!
      if (to !== folder && !MAY_IMPORT[folder]?.includes(to)) wrong.push(`${path} imports ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test('files, sockets, timers, time and chance come through runtime/io', () => {
  const outside = engine.filter(([path]) => !/^runtime\/(io|bin)\//.test(path))
  const forbiddenModule = /^(node:)?(fs|net|tls|dgram|timers|http|http2|https|crypto|os|child_process)(\/promises)?$/
  const forbiddenCall =
    /\bMath\.random\(|\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bperformance\.now\(|\bprocess\.env\b/
  const wrong: string[] = []
  for (const [path, text] of outside) {
    for (const target of imports(path, text)) if (forbiddenModule.test(target)) wrong.push(`${path} imports ${target}`)
    const call = forbiddenCall.exec(text)
    if (call) wrong.push(`${path} uses ${call[0]}`)
  }
  expect(wrong).toEqual([])
})

test('components/plan is pure: it imports no provider, file system or clock', () => {
  const wrong: string[] = []
  for (const [path, text] of sources) {
    // arbitrary-*.ts generate inputs for property tests.
    if (!path.startsWith('components/plan/') || isTest(path) || path.includes('/arbitrary-')) continue
    for (const target of imports(path, text)) {
      const allowed =
        target.startsWith('components/plan/') ||
        target.startsWith('runtime/config/') ||
        ['zod', 'yaml'].includes(target)
      if (!allowed) wrong.push(`${path} imports ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test('files have one noun: no grab bags, none too long to read', () => {
  const wrong: string[] = []
  for (const [path, text] of sources) {
    if (/\b(utils?|helpers?|common|misc)\.ts$/.test(path)) wrong.push(`${path}: name it for what it holds`)
    const lines = text.split('\n').length
    if (lines > 800) wrong.push(`${path}: ${lines} lines`)
  }
  expect(wrong).toEqual([])
})

test('no skipped tests, no empty catch, no unfinished work', () => {
  const rules: [RegExp, string][] = [
    [/\b(?:it|test|describe)\.(?:skip|only|todo)\b/, 'skips tests'],
    [/catch *(?:\([a-z]*\))? *\{ *\}/, 'swallows an error'],
    [/\b(?:TODO|FIXME)\b/, 'leaves work undone'],
    [/@ts-ignore|@ts-nocheck/, 'gives up on types'],
  ]
  const wrong: string[] = []
  for (const [path, text] of sources) {
    if (path === 'test/tidy.test.ts') continue
    for (const [pattern, what] of rules)
      if (pattern.test(text)) wrong.push(`${path} ${what}: ${pattern.exec(text)?.[0]}`)
  }
  expect(wrong).toEqual([])
})

test('a conf key that the reference calls effective is read by the engine', () => {
  const readers = engine
    .filter(([path]) => !/^runtime\/config\/(broker|namesrv|proxy)-conf\//.test(path))
    .map(([, text]) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))
    .join('\n')
  const words = new Set(readers.match(/\w+/g))
  const idle = [brokerTable, namesrvTable, controllerTable, proxyTable]
    .flatMap(({ keys }) => Object.entries<ConfKey>(keys))
    .filter(([name, { status }]) => status === 'implemented' && !words.has(name))
    .map(([name]) => name)
  expect(idle).toEqual([])
})
