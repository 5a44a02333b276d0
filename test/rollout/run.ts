// Changes of running clusters: node test/rollout/run.ts [--ci] [--only PATTERN] [--keep]
// Official Java clients send and consume while `gantry up` carries out a changed stack file. Nothing may be lost, and with
// controllers sends may not stop for more than a second. Prints a table, then `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../compat/driver.ts'
import { buildJavaClient, fetchApache, missingTools } from '../compat/toolchain.ts'
import { CHANGES } from './changes.ts'
import { stopAllClusters } from './changing-cluster.ts'
import { type Row, tableOf } from './figures.ts'
import { tryChange } from './trial.ts'

const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}
const pattern = new RegExp(values.only)
const changes = CHANGES.filter(({ isBrief, topology, name }) => {
  return (!values.ci || isBrief === true) && pattern.test(`${topology}: ${name}`)
})
if (changes.length === 0) {
  console.error(`--only ${values.only}: no change has such a name`)
  process.exit(2)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-rollout-'))
const rows: Row[] = []
const broken: string[] = []
let driver: Driver | undefined

async function cleanUp(): Promise<void> {
  await driver?.close()
  await stopAllClusters()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

try {
  await fetchApache()
  await buildJavaClient()
  const home = join(dir, 'driver')
  mkdirSync(home)
  for (const change of changes) {
    const name = `${change.topology}: ${change.name}`
    console.error(`${name} ...`)
    try {
      driver = new Driver('JSON', join(home, String(rows.length + broken.length)))
      const row = await tryChange(change, driver, dir)
      rows.push(row)
      for (const fault of row.faults) console.error(`  FAIL ${fault}`)
    } catch (error) {
      broken.push(name)
      console.error(`  FAIL ${error instanceof Error ? error.stack : String(error)}`)
    }
    await cleanUp()
  }
} finally {
  await cleanUp()
}
const bad = rows.filter(({ faults }) => faults.length > 0).length + broken.length
console.log(tableOf(rows))
for (const name of broken) console.log(`not carried out: ${name}`)
if (bad === 0 && !values.keep) rmSync(dir, { recursive: true })
else console.log(`files kept in ${dir}`)
console.log(`${rows.length + broken.length - bad} passed, ${bad} failed`)
process.exit(bad === 0 ? 0 : 1)
