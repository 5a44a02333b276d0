import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readScript, rewriteScript } from '../script-file.ts'
import { PlayedReplicas } from './played-replicas.ts'
import { PlayedSet } from './played-set.ts'

// REWRITE=1 puts what was printed in place of what was expected: review the difference.
const isRewriting = process.env['REWRITE'] !== undefined

const scripts = ['set', 'group'].flatMap((folder) =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => join(folder, name)),
)

test.each(scripts)('%s', async (name) => {
  const path = join(import.meta.dirname, name)
  const played = name.startsWith('set') ? new PlayedSet() : new PlayedReplicas()
  const seen = []
  for (const step of readScript(path)) {
    const printed: string[] = []
    for (const command of step.commands) printed.push(await played.run(command))
    seen.push({ ...step, printed: printed.filter((text) => text !== '').join('\n') })
  }
  if (isRewriting) rewriteScript(path, seen)
  else for (const step of seen) expect(step.printed, step.commands.join('\n')).toBe(step.expected)
})
