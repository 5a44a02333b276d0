// Upgrades and compatibility: node test/matrix/run.ts [--only PATTERN] [--keep]
// Brokers and NameServers of Apache RocketMQ 4.9, from before controller mode, with ours, every way round.
// The last line is `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../compat/driver.ts'
import { Report } from '../compat/report.ts'
import { stopAllServers } from '../compat/server.ts'
import { buildJavaClient, fetchApache, fetchOldApache, missingTools } from '../compat/toolchain.ts'
import { classicUpgrades } from './classic-upgrade.ts'
import { dledgerUpgrade } from './dledger-upgrade.ts'
import { runMatrix } from './matrix.ts'
import { rollingChange } from './rolling.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-matrix-'))
const report = new Report()
let driver: Driver | undefined

async function cleanUp(): Promise<void> {
  await driver?.close()
  await stopAllServers()
  if (values.keep) console.log(`kept: ${dir}`)
  else rmSync(dir, { recursive: true, force: true })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
}

const pattern = new RegExp(values.only)
const wanted = (name: string): boolean => pattern.test(name)
try {
  await fetchApache()
  await fetchOldApache()
  await buildJavaClient()
  const home = join(dir, 'driver')
  mkdirSync(home)
  driver = new Driver('JSON', home)
  await runMatrix({ dir, driver, report, wanted })
  // `--only classic`, `--only DLedger` and `--only rolling` are the ways up.
  const parts = { dir, driver, report }
  const one = async (): Promise<void> => {
    if (wanted('classic')) await report.attempt('classic -> controller mode', 'set-up', () => classicUpgrades(parts))
  }
  const other = async (): Promise<void> => {
    if (wanted('DLedger')) await dledgerUpgrade(parts)
    if (wanted('rolling')) await rollingChange(parts)
  }
  await Promise.all([one(), other()])
} catch (error) {
  report.check('suite', 'set-up', false, error instanceof Error ? error.message : String(error))
} finally {
  await cleanUp()
}
process.exit(report.finish() === 0 ? 0 : 1)
