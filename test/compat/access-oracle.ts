import { spawn } from 'node:child_process'
import { join } from 'node:path'

const reference = join(import.meta.dirname, 'reference')
const lib = process.env['GANTRY_RMQ_LIB'] ?? join(reference, 'lib')
const limitMs = 240_000

/** Asks a JVM with Apache RocketMQ's client and auth modules (reference/AccessOracle.java): an answer for each question. */
export async function askAccessOracle<T>(questions: readonly object[]): Promise<T[]> {
  const args = ['-Xmx384m', '-cp', `${lib}/*`, join(reference, 'AccessOracle.java')]
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: limitMs })
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
  const answers = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as T)
  if (code !== 0 || answers.length !== questions.length) {
    throw new Error(`the access oracle ended with ${code} after ${answers.length} of ${questions.length}: ${errors}`)
  }
  return answers
}
