import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { givenConfPath, givenTextOf } from './given-conf.ts'
import { confTextOf, liveConfPath } from './live-conf.ts'

/*
 * What a container of the engine's image runs, as Node's entry: `container.ts PROGRAM ARGUMENTS...`, PROGRAM being one of
 * the servers and tools in this folder. The image needs no shell for it.
 *
 *   GANTRY_CONF    text of a conf file: written, before the program starts, where -c (or -pc) says. It is how a conf file gets
 *                  into a container whose file system is read-only. Settings changed since then stand beside it: live-conf.ts
 *   GANTRY_CONF_FOR   in its place, where the text has secrets in it, which then stands beside the conf file, too: given-conf.ts
 */

const programPattern = /^mq[a-z]+$/
const ownerOnly = 0o600
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
  const { GANTRY_CONF: open, GANTRY_CONF_FOR: madeFor } = process.env
  if (open === undefined && madeFor === undefined) return
  const variable = madeFor === undefined ? 'GANTRY_CONF' : 'GANTRY_CONF_FOR'
  const flag = words.findIndex((word) => /^(-c|-pc|--configFile)$/.test(word))
  const path = words[flag + 1]
  if (flag < 0 || path === undefined) throw new Error(`${variable} is set, but ${words.join(' ')} names no conf file`)
  const text = madeFor === undefined ? open : givenTextOf(madeFor, textOf(givenConfPath(path)))
  if (text === undefined) {
    // The file is the next container's already.
    if (existsSync(path)) return
    throw new Error(`${givenConfPath(path)} is not there, or not for this container: run "pulumi up --refresh"`)
  }
  const counts = confTextOf(text, textOf(liveConfPath(path)))
  if (madeFor === undefined) writeFileSync(path, counts)
  else writePrivate(path, counts)
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Of one that is there already the mode would stay. */
function writePrivate(path: string, text: string): void {
  if (existsSync(path)) chmodSync(path, ownerOnly)
  writeFileSync(path, text, { mode: ownerOnly })
}
