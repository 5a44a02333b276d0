import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

/** Modules that load in a few milliseconds. */
const PIECE_MAX = 25
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?from\s+)?'(\.[^']+)'/gms

/** How many modules a file brings with it that are not in `loaded` yet; they are afterwards. */
function brings(file: string, loaded: Set<string>): number {
  if (loaded.has(file)) return 0
  loaded.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(IMPORT)
  return [...imports].reduce((sum, [, path]) => sum + brings(join(dirname(file), path!), loaded), 1)
}

test('the broker is loaded in pieces, none of which keeps requests at the door waiting', () => {
  const loaded = new Set<string>()
  brings(join(import.meta.dirname, 'mqbroker.ts'), loaded)
  const list = readFileSync(join(import.meta.dirname, 'broker-modules.ts'), 'utf8')
  const pieces = [...list.matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, path]) => path!)
  expect(pieces.at(-1)).toBe('../broker/broker.ts')
  const heavy = pieces.flatMap((path) => {
    const count = brings(join(import.meta.dirname, path), loaded)
    return count > PIECE_MAX ? [`${path} brings ${count} modules: put some of them before it`] : []
  })
  expect(heavy).toEqual([])
})
