import { expect, it } from 'vitest'
import { packageClosure } from './package-closure.ts'

const lock = {
  packages: {
    '': { dependencies: { zod: '1' } },
    runtime: { dependencies: { pino: '^1', commander: '2' }, optionalDependencies: { absent: '1' } },
    'runtime/node_modules/commander': { version: '2.0.0' },
    'node_modules/commander': { version: '1.0.0' },
    'node_modules/pino': { version: '1.4.0', dependencies: { split: '4', loop: '1' } },
    'node_modules/pino/node_modules/split': { version: '4.0.0', dependencies: { loop: '1' } },
    'node_modules/split': { version: '3.0.0' },
    'node_modules/loop': { version: '1.0.0', dependencies: { pino: '1' } },
    'node_modules/zod': { version: '1.0.0' },
  },
}

it('finds each package where Node would', () => {
  expect(packageClosure(lock, 'runtime')).toEqual([
    { path: 'node_modules/loop', version: '1.0.0' },
    { path: 'node_modules/pino', version: '1.4.0' },
    { path: 'node_modules/pino/node_modules/split', version: '4.0.0' },
    { path: 'runtime/node_modules/commander', version: '2.0.0' },
  ])
})

it('says which package is missing', () => {
  const broken = { packages: { runtime: { dependencies: { pino: '^1' } } } }
  expect(() => packageClosure(broken, 'runtime')).toThrow('package-lock.json has no pino, which runtime needs')
})
