import { registerHooks } from 'node:module'
import { PLANTED_BUGS } from './planted-bugs.ts'

/*
 * Preloaded into a process (`node --import plant.ts`): changes the source of one module on its way in. The code itself
 * knows nothing of it.
 */
const name = process.env['PLANTED_BUG']
const bug = PLANTED_BUGS.find((one) => one.name === name)
if (bug === undefined) throw new Error(`PLANTED_BUG is "${name}"; it must be one of planted-bugs.ts`)

let isPlanted = false

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/runtime/${bug.file}`)) return loaded
    const source = String(loaded.source)
    const places = source.split(bug.right).length - 1
    if (places !== 1)
      throw new Error(`"${bug.right}" stands ${places} times in ${bug.file}; planted-bugs.ts is out of date`)
    isPlanted = true
    return { ...loaded, source: source.replace(bug.right, () => bug.wrong) }
  },
})

process.on('exit', (code) => {
  if (isPlanted || code === 2) return
  console.error(`runtime/${bug.file} was never loaded: "${bug.name}" is planted where nothing runs`)
  process.exitCode = 2
})
