import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeSnapshot } from './state/snapshot-codec.ts'
import { LoneController } from './testing/lone-controller.ts'

/*
 * Requests of a real conversation (golden/README.md), altered: fields missing, swapped, out of range, bodies cut and
 * garbled. Whatever is sent, it is answered; nothing fails in a way that nobody thought of; and the books stay readable.
 */

interface Asked {
  readonly on?: string
  readonly code?: number
  readonly fields?: Record<string, string>
  readonly body?: string
}

const asked = readFileSync(new URL('golden/exchanges.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Asked)
  .filter(({ on }) => on !== undefined)
const values = [...new Set(asked.flatMap(({ fields }) => Object.values(fields ?? {})))]

const oddValue = fc.oneof(
  fc.constantFrom(...values),
  fc.constantFrom(
    '',
    '-1',
    '0',
    '-9223372036854775808',
    '9223372036854775807',
    '4294967297',
    'true',
    '1;2',
    'x\u0000y',
  ),
  fc.string({ maxLength: 40 }),
  fc.constant('n'.repeat(2_000)),
)

/** What becomes of a field: mostly nothing. */
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant('kept') },
  { weight: 1, arbitrary: fc.constant('gone') },
  { weight: 2, arbitrary: oddValue.map((value) => ({ value })) },
)

const odd = fc.record({
  request: fc.constantFrom(...asked),
  fates: fc.array(fate, { minLength: 10, maxLength: 10 }),
  body: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '{', '[]', '[1]', 'null', '{"syncStateSet":null}', '{"syncStateSet":[1e99]}'),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
  ),
  closes: fc.constantFrom(true, false, false, false, false),
  waits: fc.constantFrom(0, 0, 0, 1000),
})

test('odd requests are answered and break nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(odd, { minLength: 20, maxLength: 60, size: 'max' }), async (requests) => {
      const lone = new LoneController()
      await lone.start()
      for (const { request, fates, body, closes, waits } of requests) {
        const pairs = Object.entries(request.fields ?? {}).flatMap(([name, value], index) => {
          const its = fates[index % fates.length]!
          if (its === 'gone') return []
          return [[name, typeof its === 'object' ? its.value : value]] as const
        })
        const text = body ?? request.body
        const answer = await lone.ask(request.on!, {
          code: request.code!,
          fields: Object.fromEntries(pairs),
          body: text === undefined ? undefined : Buffer.from(text),
        })
        expect(answer.code).toBeTypeOf('number')
        if (closes) await lone.close(request.on!)
        if (waits > 0) await lone.advance(waits, waits)
      }
      expect(lone.lines.filter(({ level }) => level === 'error')).toEqual([])
      expect(decodeSnapshot(lone.controller.state.snapshot()).length).toBe(lone.controller.state.groups.size)
    }),
    { numRuns: 30 },
  )
}, 120_000)
