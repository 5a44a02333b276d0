import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'

const home = mkdtempSync(join(tmpdir(), 'gantry-credentials-'))

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true, force: true })
})

test('the keys of tools.yml, read once', async () => {
  mkdirSync(join(home, 'conf'))
  writeFileSync(join(home, 'conf/tools.yml'), 'accessKey: admin\nsecretKey: secret\n')
  vi.stubEnv('ROCKETMQ_HOME', home)
  const { toolCredentials } = await import('./tool-credentials.ts')
  expect(toolCredentials()).toMatchObject({ accessKey: 'admin' })
  vi.stubEnv('ROCKETMQ_HOME', '/nowhere')
  expect(toolCredentials()).toMatchObject({ accessKey: 'admin' })
})
