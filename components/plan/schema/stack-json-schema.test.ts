import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { stackJsonSchemaText } from './stack-json-schema.ts'

it('is checked in as it is now (run: node scripts/gen-stack-schema.ts)', () => {
  const file = new URL('../../../stacks/gantry.schema.json', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(stackJsonSchemaText())
})
