import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SerializeType } from '../codec/remoting/frame.ts'
import type { RemotingCommand, RequestDraft } from '../codec/remoting/remoting-command.ts'
import type { Disk } from '../io/disk.ts'
import { COMMANDS } from './catalogue.ts'
import { runAdmin } from './run-admin.ts'

/*
 * Each case holds the requests of one run against name server and brokers of Apache RocketMQ 5.5.0, their answers, and
 * the output, which was compared with the official tool's at the time (golden/README.md).
 */

process.env['TZ'] = 'UTC'

type Body = string | { readonly base64: string } | undefined

interface Exchange {
  readonly asked: { address: string; code: number; fields: Record<string, string>; body?: Body }
  readonly answer: { code: number; remark?: string; fields: Record<string, string>; body?: Body }
}

interface Case {
  readonly args: readonly string[]
  readonly nowMs: number
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly files?: Record<string, string>
  readonly exchanges: readonly Exchange[]
}

const folder = join(import.meta.dirname, 'golden')
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Case[])

for (const golden of cases) {
  test(`mqadmin ${golden.args.join(' ')}`, async () => {
    const seen = await replay(golden)
    expect(seen.stdout).toBe(golden.stdout)
    expect(seen.stderr).toBe(golden.stderr)
    expect(seen.exitCode).toBe(golden.exitCode)
    expect(seen.files).toEqual(golden.files ?? {})
    expect(seen.asked).toEqual(golden.exchanges.map(({ asked }) => asked))
  })
}

/** Held by run-admin.test.ts, and against Apache brokers by test/compat/acl.ts. */
const ABOUT_ACCESS = /^(create|update|delete|get|list|copy)(User|Acl)$/
/** Held by static-topics.test.ts, and against brokers by test/compat/static-topics.ts. */
const ABOUT_STATIC_TOPICS = /StaticTopic$/
/** Held by run-admin.test.ts, and against Apache brokers by test/compat/cold-data.ts. */
const ABOUT_COLD_DATA = /ColdDataFlowCtr|CommitLogReadAhead/

test('every command has a recorded case, save the one that never ends, our own, and those held elsewhere', () => {
  const recorded = new Set(cases.map(({ args }) => args[0]))
  const missing = Object.keys(COMMANDS).filter(
    (name) =>
      !recorded.has(name) && ![ABOUT_ACCESS, ABOUT_STATIC_TOPICS, ABOUT_COLD_DATA].some((about) => about.test(name)),
  )
  expect(missing).toEqual(['updateTopicList', 'updateSubGroupList', 'clusterRT', 'changeControllers'])
})

async function replay(golden: Case) {
  const asked: Exchange['asked'][] = []
  const files: Record<string, string> = {}
  const keep = (path: string, content: Uint8Array): void => {
    files[path] = Buffer.from(content).toString()
  }
  let stdout = ''
  let stderr = ''
  const exitCode = await runAdmin(golden.args, {
    invoker: {
      invoke(address, request) {
        const exchange = golden.exchanges[asked.length]
        asked.push(requestOf(address, request))
        if (!exchange) throw new Error(`one request more than was recorded: ${request.code} to ${address}`)
        return Promise.resolve(answerOf(exchange))
      },
    },
    clock: {
      now: () => golden.nowMs,
      monotonic: () => 0,
      after: () => ({ cancel: () => undefined }),
      every: () => ({ cancel: () => undefined }),
      endOfTurn: () => undefined,
    },
    random: {
      below: (bound) => golden.nowMs & (bound - 1),
      bytes: () => Buffer.from((golden.nowMs % 2 ** 32).toString(16).padStart(8, '0'), 'hex'),
    },
    disk: { writeFile: keep } as unknown as Disk,
    namesrvAddr: '127.0.0.1:28876',
    temporaryFolder: '/tmp',
    workingFolder: '/work-folder',
    writePrivateFile: keep,
    out: (text) => {
      stdout += text
    },
    err: (text) => {
      stderr += text
    },
  })
  return { asked, files, stdout, stderr, exitCode }
}

function requestOf(address: string, { code, fields = {}, body }: RequestDraft): Exchange['asked'] {
  const texts = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
  const asked = { address, code, fields: Object.fromEntries(texts) as Record<string, string> }
  return body && body.length > 0 ? { ...asked, body: Buffer.from(body).toString() } : asked
}

function answerOf({ answer }: Exchange): RemotingCommand {
  const { code, remark, fields, body } = answer
  return {
    code,
    language: 'JAVA',
    version: 513,
    opaque: 0,
    flag: 1,
    serializeType: SerializeType.JSON,
    remark,
    fields,
    body:
      body === undefined
        ? undefined
        : typeof body === 'string'
          ? Buffer.from(body)
          : Buffer.from(body.base64, 'base64'),
  }
}
