import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * What a container of the engine's image runs, as Node's entry: `container.ts PROGRAM ARGUMENTS...`, PROGRAM being one of
 * the servers and tools in this folder. The image needs no shell for it.
 *
 *   GANTRY_CONF    text of a conf file: written, before the program starts, where -c (or -pc) says. It is how a conf file gets
 *                  into a container whose file system is read-only
 */

const programPattern = /^mq[a-z]+$/
/** `.ts`, or `.js` in a build. */
const extension = extname(import.meta.filename)

const [, , program = '', ...args] = process.argv
const file = new URL(`./${program}${extension}`, import.meta.url)
if (programPattern.test(program) && existsSync(fileURLToPath(file))) {
  writeConfFile(args)
  // As if Node had been started with the program itself.
  process.argv = [process.argv[0] ?? '', fileURLToPath(file), ...args]
  await import(file.href)
} else {
  const known = readdirSync(import.meta.dirname).flatMap((name) => /^(mq[a-z]+)\.[tj]s$/.exec(name)?.[1] ?? [])
  process.stderr.write(
    `gantry: give a program to run (${known.sort().join(', ')}), e.g. mqbroker -c /path/broker.conf\n`,
  )
  process.exit(1)
}

function writeConfFile(words: readonly string[]): void {
  const text = process.env['GANTRY_CONF']
  if (text === undefined) return
  const flag = words.findIndex((word) => /^(-c|-pc|--configFile)$/.test(word))
  const path = words[flag + 1]
  if (flag < 0 || path === undefined) throw new Error(`GANTRY_CONF is set, but ${words.join(' ')} names no conf file`)
  writeFileSync(path, text)
}
