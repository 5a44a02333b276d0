import fc from 'fast-check'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { FilterSyntaxError } from '../../runtime/filter/filter-syntax-error.ts'
import { SqlFilter } from '../../runtime/filter/sql-filter.ts'
import { arbitraryExpression, arbitraryMessage } from '../../runtime/filter/testing/arbitrary-expression.ts'
import { askOracle, type Question } from './filter-oracle.ts'
import type { Setting } from './setting.ts'

const expressions = 20_000
const messagesEach = 8

/** Random expressions and messages judged by our SQL92 filter and by Apache's: equal, letter for letter. */
export async function filters({ report }: Setting): Promise<void> {
  const seed = Date.now() & 0x7fffffff
  const question = fc.record({
    expression: arbitraryExpression,
    messages: fc.array(arbitraryMessage, { minLength: messagesEach, maxLength: messagesEach }),
  })
  const questions = fc.sample(question, { numRuns: expressions, seed })
  const verdicts = await askOracle(questions)
  const differences: string[] = []
  let refused = 0
  questions.forEach((asked, i) => {
    const real = verdicts[i]!.results ?? 'refused'
    if (real === 'refused') refused++
    const ours = judge(asked)
    if (ours !== real)
      differences.push(`${asked.expression} on ${JSON.stringify(asked.messages)}: ${ours}, Apache ${real}`)
  })
  const detail = `${expressions} expressions (${refused} refused), ${messagesEach} messages each, seed ${seed}`
  const first = differences.slice(0, 3).join('\n')
  report.check(
    'filters',
    'random expressions',
    differences.length === 0,
    `${detail}${first === '' ? '' : `\n${first}`}`,
  )
}

function judge({ expression, messages }: Question): string {
  let filter: SqlFilter
  try {
    filter = new SqlFilter(expression)
  } catch (error) {
    if (error instanceof FilterSyntaxError) return 'refused'
    throw error
  }
  return messages
    .map((message) => {
      const bytes = Buffer.from(encodeProperties(Object.entries(message)))
      return 'NYUF'[filter.evaluate(bytes, 0, bytes.length)]
    })
    .join('')
}
