import { runSeeds } from './run-seeds.ts'

/*
 * node [--import plant.ts] seeds-process.ts FIRST COUNT stop|go-on
 *
 * A process of its own for some seeds. Its last line is a SeedsRun as JSON.
 */
const [first, count, atFailure] = process.argv.slice(2)
const run = await runSeeds(Number(first), Number(count), atFailure === 'stop')
process.stdout.write(`${JSON.stringify(run)}\n`)
