import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'

/** What marks a request as passed on by a replica: who is not master refuses it instead of passing it on again. */
const PASSED_ON = '__GANTRY_FORWARDED'

/** A send to queue 0 that only a broker takes which is master itself. */
export function markedSend(topic: string, key: string): RequestDraft {
  const fields = {
    a: 'probe',
    b: topic,
    c: 'TBW102',
    d: 4,
    e: 0,
    f: 0,
    g: Date.now(),
    h: 0,
    i: `KEYS\x01${key}\x02`,
    j: 0,
    k: false,
    m: false,
    [PASSED_ON]: true,
  }
  return { code: RequestCode.SEND_MESSAGE_V2, fields, body: Buffer.from('probe') }
}
