import { expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import runtimeManifest from '../runtime/package.json' with { type: 'json' }
import { version } from './version.ts'

it('is what the packages say', () => {
  expect(version).toBe(manifest.version)
  expect(runtimeManifest.version).toBe(manifest.version)
})
