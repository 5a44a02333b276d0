import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/*
 * What a container of the engine's image runs, as Node's entry: `container.ts PROGRAM ARGUMENTS...`, PROGRAM being one of
 * the servers and tools in this folder. The image needs no shell for it.
 */

const programPattern = /^mq[a-z]+$/

const [, , program = '', ...args] = process.argv
const file = new URL(`./${program}.ts`, import.meta.url)
if (programPattern.test(program) && existsSync(fileURLToPath(file))) {
  // As if Node had been started with the program itself.
  process.argv = [process.argv[0] ?? '', fileURLToPath(file), ...args]
  await import(file.href)
} else {
  const known = readdirSync(import.meta.dirname).flatMap((name) => /^(mq[a-z]+)\.ts$/.exec(name)?.[1] ?? [])
  process.stderr.write(
    `gantry: give a program to run (${known.sort().join(', ')}), e.g. mqbroker -c /path/broker.conf\n`,
  )
  process.exit(1)
}
