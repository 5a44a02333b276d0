import { parseArgs } from 'node:util'
import { runSeeds } from './run-seeds.ts'

/*
 * node test/sim/raft/run.ts --first 1 --seeds 1000 [--until-failure]
 *
 * Exits with 1 if a seed failed. With --story the last thing that happened before the first failure is told.
 */
const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '100' },
    'until-failure': { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
  },
})

const run = await runSeeds(Number(values.first), Number(values.seeds), values['until-failure'])
for (const failure of run.failures) console.log(failure.message)
if (values.story && run.failures[0]) console.log(String((run.failures[0].cause as Error).message))
console.log(`${run.seeds} seeds, ${run.answered} requests answered, ${run.failures.length} failed`)
process.exitCode = run.failures.length > 0 ? 1 : 0
