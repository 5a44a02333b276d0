import { join } from 'node:path'
import { ControllerWorld } from './controller-world.ts'
import { testScripts } from './scripts.ts'

testScripts(join(import.meta.dirname, 'controller'), async () => {
  const world = new ControllerWorld()
  await world.start()
  return world
})
