// Changes of running clusters: node test/rollout/run.ts [--ci] [--only PATTERN] [--slice N/M] [--workers N] [--list] [--keep]
// Official Java clients send and consume while `gantry up` carries out a changed stack file. Nothing may be lost, and with
// controllers sends may not stop for more than a second. Prints a table, then `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../compat/driver.ts'
import { buildJavaClient, fetchApache, missingTools } from '../compat/toolchain.ts'
import { type ClusterChange, changesWith } from './changes.ts'
import { stopAllClusters } from './changing-cluster.ts'
import { type Row, tableOf } from './figures.ts'
import { programsBelow, provide } from './programs.ts'
import { tryChange } from './trial.ts'

const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    slice: { type: 'string', default: '1/1' },
    workers: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}
const [slice, slices] = values.slice.split('/').map(Number) as [number, number]
if (!(slice >= 1 && slice <= slices)) {
  console.error(`--slice ${values.slice}: has to be N/M, the Nth of M parts: 1/4`)
  process.exit(2)
}
const dir = mkdtempSync(join(tmpdir(), 'gantry-rollout-'))
const pattern = new RegExp(values.only)
const changes = changesWith(programsBelow(dir))
  .filter(({ isBrief, topology, name }) => {
    return (!values.ci || isBrief === true) && pattern.test(`${topology}: ${name}`)
  })
  .filter((_, index) => index % slices === slice - 1)
if (changes.length === 0) {
  console.error(`--only ${values.only} --slice ${values.slice}: there is no such change; --list shows them`)
  process.exit(2)
}
if (values.list) {
  for (const { topology, name } of changes) console.log(`${topology}: ${name}`)
  rmSync(dir, { recursive: true })
  process.exit(0)
}

const rows: Row[] = []
const broken: string[] = []
const drivers = new Set<Driver>()

async function cleanUp(): Promise<void> {
  for (const driver of drivers) await driver.close()
  drivers.clear()
  await stopAllClusters()
}

/** Not begun yet. */
const queue = [...changes.entries()]

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    queue.length = 0
    // What is done so far: a run takes most of an hour.
    console.log(tableOf(rows))
    void cleanUp().finally(() => process.exit(130))
  })
}

async function tryOne(change: ClusterChange, home: string): Promise<void> {
  const name = `${change.topology}: ${change.name}`
  console.error(`${name} ...`)
  const driver = new Driver('JSON', home)
  drivers.add(driver)
  try {
    const row = await tryChange(change, driver, dir)
    rows.push(row)
    console.error(`  ${name}: ${summaryOf(row)}`)
  } catch (error) {
    broken.push(name)
    console.error(`  FAIL ${name}: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    await driver.close()
    drivers.delete(driver)
  }
}

const summaryOf = ({ faults }: Row): string => (faults.length === 0 ? 'passed' : `FAIL ${faults.join('; ')}`)

try {
  await fetchApache()
  await buildJavaClient()
  await provide(new Set(changes.flatMap(({ needs = [] }) => needs)), dir)
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, change] = next
      const home = join(dir, 'driver', String(index))
      mkdirSync(home, { recursive: true })
      await tryOne(change, home)
    }
  }
  await Promise.all(Array.from({ length: Number(values.workers) }, worker))
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
