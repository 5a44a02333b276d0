// Records what Apache RocketMQ's SQL92 filter makes of the table of expressions, into runtime/filter/golden/expressions.json:
//   node test/compat/capture-filter.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXPRESSIONS, MESSAGES } from '../../runtime/filter/testing/expression-table.ts'
import { askOracle } from './filter-oracle.ts'
import { buildJavaClient } from './toolchain.ts'

await buildJavaClient()
const verdicts = await askOracle(EXPRESSIONS.map((expression) => ({ expression, messages: MESSAGES })))
const rows = EXPRESSIONS.map((expression, i) => JSON.stringify({ expression, ...verdicts[i] }))
const folder = join(import.meta.dirname, '../../runtime/filter/golden')
mkdirSync(folder, { recursive: true })
const messages = MESSAGES.map((message) => JSON.stringify(message)).join(',\n')
writeFileSync(join(folder, 'expressions.json'), `{"messages":[\n${messages}\n],"rows":[\n${rows.join(',\n')}\n]}\n`)
console.log(`${rows.length} expressions, ${verdicts.filter(({ error }) => error !== undefined).length} of them refused`)
