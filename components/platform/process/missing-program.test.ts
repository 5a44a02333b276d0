import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { missingProgram } from './missing-program.ts'

let home = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gantry-programs-'))
  mkdirSync(join(home, 'bin'))
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

it('names the launcher of the engine that is not there or not executable', () => {
  const broker = { engine: 'gantry', kind: 'broker' } as const
  const programs = { runtimeBin: join(home, 'bin') }
  expect(missingProgram(broker, programs)).toContain(`there is no executable ${home}/bin/mqbroker (ENOENT): `)
  writeFileSync(join(home, 'bin/mqbroker'), '#!/bin/sh\n')
  chmodSync(join(home, 'bin/mqbroker'), 0o644)
  // Root may read and write whatever the bits say, but executes only what some bit allows.
  expect(missingProgram(broker, programs)).toContain('(EACCES)')
  chmodSync(join(home, 'bin/mqbroker'), 0o755)
  expect(missingProgram(broker, programs)).toBeUndefined()
  expect(missingProgram(broker, {})).toBeUndefined()
})

it('names the jar of the release that is not there, then the Java', () => {
  const proxy = { engine: 'apache', kind: 'proxy' } as const
  const programs = { apacheHome: home }
  expect(missingProgram(proxy, programs)).toContain(`there is no ${home}/lib/rocketmq-proxy-*.jar: `)
  mkdirSync(join(home, 'lib'))
  writeFileSync(join(home, 'lib/rocketmq-broker-5.5.0.jar'), '')
  expect(missingProgram(proxy, programs)).toContain(`there is no ${home}/lib/rocketmq-proxy-*.jar: `)

  const broker = { engine: 'apache', kind: 'broker' } as const
  vi.stubEnv('JAVA_HOME', join(home, 'jdk'))
  expect(missingProgram(broker, programs)).toContain(
    `there is no ${home}/jdk/bin/java (JAVA_HOME): engine: apache needs`,
  )
  vi.stubEnv('JAVA_HOME', '')
  vi.stubEnv('PATH', join(home, 'bin'))
  expect(missingProgram(broker, programs)).toContain('there is no java on PATH: ')
  writeFileSync(join(home, 'bin/java'), '')
  expect(missingProgram(broker, programs)).toBeUndefined()
})
