import { ask } from '../compat/remoting.ts'
import { pause } from './load-run.ts'

const LIMIT_MS = 120_000
const RETRY_MS = 5

/** Sends one message until a broker takes it. Resolves to how long that took, in ms. @throws Error after two minutes */
export async function firstSend(address: string, topic: string): Promise<number> {
  const startedAt = performance.now()
  let last = 'no answer'
  while (performance.now() - startedAt < LIMIT_MS) {
    try {
      const answer = await ask(address, { code: 310, extFields: fields(topic), body: Buffer.from('first') })
      if (answer.code === 0) return performance.now() - startedAt
      last = `${answer.code} ${answer.remark}`
    } catch (error) {
      last = String(error)
    }
    await pause(RETRY_MS)
  }
  throw new Error(`${address} took no message within ${LIMIT_MS / 1000} s: ${last}`)
}

function fields(topic: string): Record<string, string> {
  const properties = `UNIQ_KEY\x017F00000100015CE1FFFF${String(Date.now()).slice(-12)}\x02WAIT\x01true\x02`
  return {
    ...{ a: 'first_send', b: topic, c: 'TBW102', d: '8', e: '0', f: '0', g: String(Date.now()), h: '0' },
    ...{ i: properties, j: '0', k: 'false', m: 'false' },
  }
}
