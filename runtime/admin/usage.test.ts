import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS, loadCommand } from './catalogue.ts'
import { usage } from './usage.ts'

const official = readFileSync(join(import.meta.dirname, 'golden/help.txt'), 'utf8')
  .trimEnd()
  .split('\n\n')

/** Official texts with a word broken in two, and with another text for -n than all the others. */
const OTHER_TEXT = ['updateSubGroup', 'deleteExpiredCommitLog']
/** Commands that the official tool does not have. */
const OWN = ['changeControllers']

test('help is that of the official tool', async () => {
  const names = Object.keys(COMMANDS).filter((name) => ![...OTHER_TEXT, ...OWN].includes(name))
  expect(official).toHaveLength(names.length)
  for (const [index, name] of names.entries()) {
    expect(usage(await loadCommand(name)).trimEnd(), name).toBe(official[index])
  }
})

test('a word wider than the page stays whole', async () => {
  const text = usage(await loadCommand('updateSubGroup'))
  expect(text).toContain('{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1000,5000,10000]}} )\n')
  expect(text).toContain('\n    --attributes <arg>')
})

test('each command is found under its own name', async () => {
  for (const name of Object.keys(COMMANDS)) expect((await loadCommand(name.toUpperCase())).name).toBe(name)
})

test('what is no command is answered with the nearest one, or with what the official tool is for', async () => {
  await expect(loadCommand('topicRout')).rejects.toThrow('there is no command topicRout; did you mean topicRoute?')
  await expect(loadCommand('zzzzzzzz')).rejects.toThrow(
    'there is no command zzzzzzzz; mqadmin alone lists all commands',
  )
  await expect(loadCommand('addbroker')).rejects.toThrow('the command addBroker of Apache RocketMQ is not offered here')
})
