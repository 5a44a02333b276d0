import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/*
 * Interaction scripts, in the manner of etcd-io/raft: text files that tell what is done and what then happens, to be
 * read and reviewed.
 *
 *   # A comment, up to the next command.
 *   command argument key=value
 *   lines of input, if any
 *   ----
 *   what the command printed
 *
 * A blank line ends what was printed. `INTERACTION_REWRITE=1 npm run test:unit -- test/interaction` writes what is printed
 * now into the files; what has changed is then in the diff, to be judged there.
 */

export interface Command {
  readonly name: string
  readonly args: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly input: readonly string[]
}

/** What a script talks to. One per script. */
export interface ScriptWorld {
  /** What the command prints; lines without an end of line behind the last. @throws Error, whose message is printed. */
  run(command: Command): string | Promise<string>
}

interface Step {
  /** The lines up to `----`, comments included. */
  readonly asked: readonly string[]
  readonly command: Command
}

const SEPARATOR = '----'
const isRewriting = process.env['INTERACTION_REWRITE'] === '1'

/** One test per `*.txt` in the folder. */
export function testScripts(folder: string, createWorld: () => ScriptWorld | Promise<ScriptWorld>): void {
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  if (names.length === 0) throw new Error(`no scripts in ${folder}`)
  for (const name of names) {
    test(name.replace(/\.txt$/, ''), async () => {
      const path = join(folder, name)
      const text = readFileSync(path, 'utf8')
      const now = await replay(parse(text, name), await createWorld())
      if (isRewriting && now !== text) writeFileSync(path, now)
      else expect(now).toBe(text)
    })
  }
}

async function replay(steps: readonly Step[], world: ScriptWorld): Promise<string> {
  const blocks: string[] = []
  for (const { asked, command } of steps) {
    blocks.push(`${asked.join('\n')}\n${SEPARATOR}\n${await printedBy(world, command)}\n`)
  }
  return blocks.join('\n')
}

async function printedBy(world: ScriptWorld, command: Command): Promise<string> {
  let text: string
  try {
    text = await world.run(command)
  } catch (error) {
    text = `error: ${(error as Error).message}`
  }
  return text === '' ? 'ok' : text.replaceAll(/^$/gm, '.')
}

function parse(text: string, name: string): Step[] {
  return text
    .split(/\n\n+(?=[^\n])/)
    .map((block) => block.replace(/\n+$/, '').replace(/^\n+/, ''))
    .reduce<string[]>(joinComments, [])
    .map((block) => parseStep(block, name))
}

/** A comment followed by a blank line belongs to the command behind it. */
function joinComments(blocks: string[], block: string): string[] {
  const last = blocks.at(-1)
  const isOpen = last !== undefined && !last.split('\n').includes(SEPARATOR)
  if (isOpen) blocks[blocks.length - 1] = `${last}\n\n${block}`
  else blocks.push(block)
  return blocks
}

function parseStep(block: string, name: string): Step {
  const lines = block.split('\n')
  const at = lines.indexOf(SEPARATOR)
  // A new script has no output yet.
  const asked = at < 0 ? lines : lines.slice(0, at)
  const first = asked.findIndex((line) => line !== '' && !line.startsWith('#'))
  if (first < 0) throw new Error(`${name}: no command in\n${block}`)
  return { asked, command: parseCommand(asked[first]!, asked.slice(first + 1)) }
}

export function parseCommand(line: string, input: readonly string[] = []): Command {
  const [name, ...words] = line.trim().split(/\s+/)
  const options = words.filter((word) => word.includes('=')).map((word) => word.split('=', 2) as [string, string])
  return { name: name!, args: words.filter((word) => !word.includes('=')), options: new Map(options), input }
}
