import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PLANTED_BUGS } from './planted-bugs.ts'

test.for(PLANTED_BUGS)('$name can be planted in the code as it is', ({ file, right, wrong }) => {
  const source = readFileSync(new URL(`../../../runtime/${file}`, import.meta.url), 'utf8')
  expect(source.split(right).length - 1).toBe(1)
  expect(wrong).not.toBe(right)
})
