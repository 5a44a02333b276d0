// Records what Apache's broker answers to POP requests and what it writes on their account, into
// runtime/broker/pop/golden/pop.json:
//   node test/compat/capture-pop.ts
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { popRecords } from './pop-records.ts'
import { stopAllServers } from './server.ts'

function shown({ topic, queueId, queueOffset, reconsumeTimes, sysFlag, flag, properties, body }: MessageExt): object {
  const text = body.toString()
  return {
    topic,
    queueId,
    queueOffset,
    reconsumeTimes,
    sysFlag,
    flag,
    properties: Object.fromEntries(properties),
    text,
  }
}

const dir = mkdtempSync(join(tmpdir(), 'gantry-capture-'))
try {
  const { answers, waiting, revived, retries, orderInfo } = await popRecords('apache', dir)
  const rows = Object.entries(answers).map(([name, { code, remark, extFields, body }]) => ({
    ...{ name, code, remark, extFields, hex: body.toString('hex') },
  }))
  const content = {
    answers: rows,
    waiting: waiting.map(shown),
    revived: revived.map(shown),
    retries: retries.map(shown),
    orderInfo,
  }
  const folder = join(import.meta.dirname, '../../runtime/broker/pop/golden')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'pop.json'), `${JSON.stringify(content, null, 1)}\n`)
  console.log(`${rows.length} answers, ${waiting.length} waiting, ${revived.length} revived, ${retries.length} retries`)
} finally {
  await stopAllServers()
  rmSync(dir, { recursive: true, force: true })
}
process.exit(0)
