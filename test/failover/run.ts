// Fail-over with real processes: node test/failover/run.ts [--full] [--only PATTERN] [--kills N] [--seed N] [--keep]
// Official Java clients send and consume while masters, replicas and controllers are killed, frozen, cut off and replaced.
// Without --full a selection that takes four minutes on two cores. The last line is `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../compat/driver.ts'
import { buildJavaClient, fetchApache, missingTools } from '../compat/toolchain.ts'
import { distributionText } from './gaps.ts'
import { trialsOf } from './scenarios.ts'
import { stopAllClusters } from './stack-cluster.ts'
import { faultsOf, Trial, type TrialResult } from './trial.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    kills: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const kills = values.kills === undefined ? undefined : Number(values.kills)
const pattern = new RegExp(values.only)
const trials = trialsOf(values.full, kills).filter(({ name }) => pattern.test(name))
if (trials.length === 0) {
  console.error(`--only ${values.only}: no trial has such a name`)
  process.exit(2)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-failover-'))
const startedMs = Date.now()
const ERROR_SHOWN = 120
const say = (text: string): void => {
  console.error(`${((Date.now() - startedMs) / 1000).toFixed(0).padStart(4)}s ${text}`)
}
let driver: Driver | undefined

async function cleanUp(): Promise<void> {
  await driver?.close()
  await stopAllClusters()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

function show({ name, ledger, verdict, disturbances, gaps, writable, routed }: TrialResult): void {
  const { acked, failed } = ledger
  console.log(
    `\n${name}: ${disturbances.length} disturbances, ${acked.length} sends acknowledged, ${failed.length} failed`,
  )
  console.log(`  stored twice after a lost answer: ${verdict.sentTwice}`)
  console.log(`  longest gap:                      ${distributionText(gaps)}`)
  console.log(`  until a master takes messages:    ${distributionText(writable)}`)
  console.log(`  until every NameServer knows it:  ${distributionText(routed)}`)
  const errors = new Map<string, number>()
  for (const { error } of failed) {
    const kind = error.replaceAll(/\d+/g, 'N').slice(0, ERROR_SHOWN)
    errors.set(kind, (errors.get(kind) ?? 0) + 1)
  }
  for (const [error, count] of errors) console.log(`  ${count}x ${error}`)
}

console.log(`seed ${seed}`)
let passed = 0
let failed = 0
try {
  await fetchApache()
  await buildJavaClient()
  const home = join(dir, 'driver')
  mkdirSync(home)
  driver = new Driver('JSON', home)
  for (const settings of trials) {
    say(settings.name)
    try {
      const result = await Trial.run(settings, driver, dir, seed, say)
      show(result)
      const faults = [...faultsOf(result), ...settings.expect(result)]
      for (const fault of faults) console.log(`  FAIL ${fault}`)
      if (faults.length === 0) passed++
      else failed++
    } catch (error) {
      failed++
      console.log(`\n${settings.name}: FAIL ${error instanceof Error ? error.stack : String(error)}`)
      // A scenario of the client that was not told to stop goes on for ever.
      await stopAllClusters()
    }
  }
} finally {
  await cleanUp()
}
if (failed === 0 && !values.keep) rmSync(dir, { recursive: true })
else console.log(`files kept in ${dir}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
