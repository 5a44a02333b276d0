import type { CommandView } from '../../codec/remoting/command-view.ts'
import { parseInteger } from '../../codec/remoting/parse-integer.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'

/*
 * Fields of a send. Code 10 names them in full, codes 310 and 320 by one letter:
 *
 *   a producerGroup   d defaultTopicQueueNums   g bornTimestamp   j reconsumeTimes      m batch
 *   b topic           e queueId                 h flag            k unitMode            n brokerName
 *   c defaultTopic    f sysFlag                 i properties      l maxReconsumeTimes
 */

const LETTER_A = 0x61

/** Letters by full name, for code 10. */
const LETTER_OF = new Map([
  ['producerGroup', 0],
  ['topic', 1],
  ['defaultTopic', 2],
  ['defaultTopicQueueNums', 3],
  ['queueId', 4],
  ['sysFlag', 5],
  ['bornTimestamp', 6],
  ['flag', 7],
  ['properties', 8],
  ['reconsumeTimes', 9],
  ['unitMode', 10],
  ['maxReconsumeTimes', 11],
  ['batch', 12],
])
const NAMES = [...LETTER_OF].map(([name, letter]) => ({ bytes: Buffer.from(name), letter }))

/** a to h must be there. */
const REQUIRED = 0xff

/** The header of a send where it lies in the receive buffer; reused for every request. Valid during the handler's call. */
export class SendRequest {
  topicStart = 0
  topicLength = 0
  defaultTopicStart = 0
  defaultTopicLength = 0
  defaultTopicQueueNums = 0
  queueId = 0
  sysFlag = 0
  bornTimestampMs = 0
  flag = 0
  propertiesStart = 0
  propertiesLength = 0
  reconsumeTimes = 0
  /** -1 when the client did not say. */
  maxReconsumeTimes = -1
  isUnitMode = false
  isBatch = false

  /** @throws RequestError naming a field that is missing or no number. */
  parse(request: CommandView): void {
    this.propertiesLength = 0
    this.reconsumeTimes = 0
    this.maxReconsumeTimes = -1
    this.isUnitMode = false
    this.isBatch = request.code === RequestCode.SEND_BATCH_MESSAGE
    const { fields, bytes } = request
    const isNamed = request.code === RequestCode.SEND_MESSAGE
    let seen = 0
    for (let i = 0; i < fields.count; i++) {
      const keyStart = fields.keyStart[i]!
      const keyLength = fields.keyLength[i]!
      let letter = -1
      if (isNamed) letter = letterOfName(bytes, keyStart, keyLength)
      else if (keyLength === 1) letter = bytes[keyStart]! - LETTER_A
      if (letter < 0 || letter > 12) continue
      seen |= 1 << letter
      this.#take(letter, bytes, fields.valueStart[i]!, fields.valueLength[i]!)
    }
    if ((seen & REQUIRED) !== REQUIRED) throw missing(seen, isNamed)
  }

  #take(letter: number, bytes: Buffer, start: number, length: number): void {
    switch (letter) {
      case 1:
        this.topicStart = start
        this.topicLength = length
        return
      case 2:
        this.defaultTopicStart = start
        this.defaultTopicLength = length
        return
      case 3:
        this.defaultTopicQueueNums = integer(bytes, start, length, letter)
        return
      case 4:
        this.queueId = integer(bytes, start, length, letter)
        return
      case 5:
        this.sysFlag = integer(bytes, start, length, letter)
        return
      case 6:
        this.bornTimestampMs = integer(bytes, start, length, letter)
        return
      case 7:
        this.flag = integer(bytes, start, length, letter)
        return
      case 8:
        this.propertiesStart = start
        this.propertiesLength = length
        return
      case 9:
        this.reconsumeTimes = integer(bytes, start, length, letter)
        return
      case 10:
        this.isUnitMode = isTrue(bytes, start, length)
        return
      case 11:
        this.maxReconsumeTimes = integer(bytes, start, length, letter)
        return
      case 12:
        this.isBatch ||= isTrue(bytes, start, length)
    }
  }
}

function letterOfName(bytes: Buffer, start: number, length: number): number {
  for (const { bytes: name, letter } of NAMES) {
    if (name.length === length && name[0] === bytes[start] && isSame(name, bytes, start)) return letter
  }
  return -1
}

function isSame(name: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 1; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}

function integer(bytes: Buffer, start: number, length: number, letter: number): number {
  const value = parseInteger(bytes, start, length)
  if (!Number.isNaN(value)) return value
  const text = bytes.toString('utf8', start, start + length)
  const name = NAMES[letter]!.bytes.toString()
  throw new RequestError(ResponseCode.SYSTEM_ERROR, `the custom field <${name}> is not a whole number: ${text}`)
}

/** Boolean.parseBoolean */
export function isTrue(bytes: Uint8Array, start: number, length: number): boolean {
  return (
    length === 4 &&
    (bytes[start]! | 0x20) === 0x74 &&
    (bytes[start + 1]! | 0x20) === 0x72 &&
    (bytes[start + 2]! | 0x20) === 0x75 &&
    (bytes[start + 3]! | 0x20) === 0x65
  )
}

function missing(seen: number, isNamed: boolean): RequestError {
  let letter = 0
  while ((seen & (1 << letter)) !== 0) letter++
  const name = isNamed ? NAMES[letter]!.bytes.toString() : String.fromCharCode(LETTER_A + letter)
  return new RequestError(ResponseCode.SYSTEM_ERROR, `the custom field <${name}> is null`)
}
