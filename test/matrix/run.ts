// Upgrades and compatibility: node test/matrix/run.ts [--only PATTERN] [--again] [--keep]
// Brokers and NameServers of Apache RocketMQ 4.9, from before controller mode, with ours, every way round.
// `--only load` is the upgrade under load. With --again a cell or an upgrade that fails is run once more
// when all others are over. The last line is `N passed, N failed`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Driver } from '../compat/driver.ts'
import { Report } from '../compat/report.ts'
import { stopAllServers } from '../compat/server.ts'
import { buildJavaClient, fetchApache, fetchOldApache, missingTools } from '../compat/toolchain.ts'
import { classicUpgrades } from './classic-upgrade.ts'
import { dledgerUnderLoad } from './dledger-under-load.ts'
import { dledgerUpgrade } from './dledger-upgrade.ts'
import { handOvers } from './hand-overs.ts'
import { runMatrix } from './matrix.ts'
import { rollingChange } from './rolling.ts'
import type { UpgradeParts } from './upgrade-world.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    again: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const missing = missingTools(['java', 'mvn'])
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\n0 passed, ${missing.length} failed`)
  process.exit(1)
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-matrix-'))
const report = new Report({ again: values.again })
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
  // `--only classic`, `--only DLedger`, `--only rolling` and `--only hand-overs` are the ways up.
  const way = async (key: string, name: string, run: (parts: UpgradeParts) => Promise<void>): Promise<void> => {
    if (wanted(key)) await report.part(name, dir, (report, dir) => run({ dir, driver: driver!, report }))
  }
  const one = (): Promise<void> => way('classic', 'classic -> controller mode', classicUpgrades)
  const other = async (): Promise<void> => {
    await way('DLedger', 'DLedger -> controller mode', dledgerUpgrade)
    await way('DLedger load', 'DLedger -> controller mode, under load', dledgerUnderLoad)
    await way('rolling', 'rolling change', rollingChange)
    await way('hand-overs', 'hand-overs', handOvers)
  }
  await Promise.all([one(), other()])
  await report.repeatFailedParts()
} catch (error) {
  report.check('suite', 'set-up', false, error instanceof Error ? error.message : String(error))
} finally {
  await cleanUp()
}
process.exit(report.finish() === 0 ? 0 : 1)
