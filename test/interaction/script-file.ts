import { readFileSync, writeFileSync } from 'node:fs'

/*
 * A script is a text of steps. Each step is its commands, a line of dashes, and what they are expected to print; a blank
 * line ends it. Lines that start with # say what it is about. (The habit of etcd's raft tests.)
 *
 *   # The master dies.
 *   die 1
 *   ----
 *   notice to 2: master 2, epoch 2, set {2}@2
 */

export interface ScriptStep {
  /** Comment lines before the commands, as they stand. */
  readonly comments: readonly string[]
  readonly commands: readonly string[]
  readonly expected: string
}

const RULE = '----'

export function readScript(path: string): ScriptStep[] {
  const blocks = readFileSync(path, 'utf8').split(/\n{2,}/)
  return blocks.filter((block) => block.trim() !== '').map((block) => readStep(path, block.trim()))
}

function readStep(path: string, block: string): ScriptStep {
  const lines = block.split('\n')
  const comments = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  )
  const rule = lines.indexOf(RULE)
  if (rule < 0) throw new Error(`${path}: a step without ${RULE}: ${block}`)
  return {
    comments,
    commands: lines.slice(comments.length, rule),
    expected: lines.slice(rule + 1).join('\n'),
  }
}

/** Puts the steps with what they have printed in place of the script. */
export function rewriteScript(path: string, steps: readonly (ScriptStep & { readonly printed: string })[]): void {
  const blocks = steps.map(({ comments, commands, printed }) =>
    [...comments, ...commands, RULE, ...(printed === '' ? [] : [printed])].join('\n'),
  )
  writeFileSync(path, `${blocks.join('\n\n')}\n`)
}
