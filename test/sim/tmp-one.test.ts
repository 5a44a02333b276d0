import { test } from 'vitest'
import { AutoSwitchLife } from './auto-switch-life.ts'

test('one', { timeout: 600000 }, async () => {
  const seed = Number(process.env['SEED'])
  const life = new AutoSwitchLife(seed)
  try {
    await life.run(Number(process.env['STEPS'] ?? 400))
  } catch (error) {
    console.log((error as Error).message.split('\n')[0])
    console.log(((error as Error).cause as Error).stack)
    throw error
  }
})
