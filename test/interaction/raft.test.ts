import { join } from 'node:path'
import { RaftWorld } from './raft-world.ts'
import { testScripts } from './scripts.ts'

testScripts(join(import.meta.dirname, 'raft'), () => new RaftWorld())
