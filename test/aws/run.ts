/*
 * Executes user data for real: on a Debian with systemd and cloud-init, against the metadata service, S3 and a volume,
 * until a broker serves. Needs root.
 *
 *   node test/aws/run.ts [words of a scenario's name]
 */
import { scenarios } from './scenarios.ts'
import { Site } from './site.ts'

const words = process.argv.slice(2)
let passed = 0
let failed = 0
const site = await Site.open()
try {
  for (const { name, run } of scenarios) {
    if (!words.every((word) => name.includes(word))) continue
    const startMs = performance.now()
    const took = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`
    try {
      await run(site)
      passed++
      process.stdout.write(`ok   ${name} (${took()})\n`)
    } catch (error) {
      failed++
      process.stdout.write(`FAIL ${name} (${took()})\n${error instanceof Error ? error.stack : error}\n`)
    } finally {
      await site.clear()
    }
  }
} finally {
  site.close()
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed > 0 ? 1 : 0
