import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Properties } from '../../runtime/filter/testing/expression-table.ts'

/** What Apache RocketMQ's filter says: a letter per message (Yes, No, Unknown, Failed), or why it refuses the expression. */
export type Verdict = { results: string; error?: never } | { error: string; results?: never }

export interface Question {
  readonly expression: string
  readonly messages: readonly Properties[]
}

const javaDir = join(import.meta.dirname, 'java')
const limitMs = 120_000

/** Asks a JVM with Apache RocketMQ's rocketmq-filter (java/, FilterOracle). */
export async function askOracle(questions: readonly Question[]): Promise<Verdict[]> {
  const classPath = `${join(javaDir, 'target/classes')}:${join(javaDir, 'target/lib')}/*`
  const child = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'gantry.compat.FilterOracle'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: limitMs,
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-2000)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.end(`${questions.map((question) => JSON.stringify(question)).join('\n')}\n`)
  const code = await ended
  const verdicts = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Verdict)
  if (code !== 0 || verdicts.length !== questions.length) {
    throw new Error(`the filter oracle ended with ${code} after ${verdicts.length} of ${questions.length}: ${errors}`)
  }
  return verdicts
}
