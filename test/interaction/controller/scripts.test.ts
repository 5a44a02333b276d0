import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readScript, rewriteScript } from '../script-file.ts'
import { PlayedGroup } from './played-group.ts'

// REWRITE=1 puts what was printed in place of what was expected: review the difference.
const isRewriting = process.env['REWRITE'] !== undefined

const scripts = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.txt'))

test.each(scripts)('%s', async (name) => {
  const path = join(import.meta.dirname, name)
  const group = new PlayedGroup()
  await group.start()
  const seen = []
  for (const step of readScript(path)) {
    const printed: string[] = []
    for (const command of step.commands) printed.push(await group.run(command))
    seen.push({ ...step, printed: printed.filter((text) => text !== '').join('\n') })
  }
  if (isRewriting) rewriteScript(path, seen)
  else for (const step of seen) expect(step.printed, step.commands.join('\n')).toBe(step.expected)
})
