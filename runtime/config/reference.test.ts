import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { referencePages } from './reference.ts'

test.each([...referencePages()])('docs/reference/%s is what `node scripts/gen-conf-docs.ts` writes', (name, page) => {
  const committed = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reference', name), 'utf8')
  expect(committed).toBe(page)
})
