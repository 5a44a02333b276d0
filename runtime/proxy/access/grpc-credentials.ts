import { HmacContent, HmacKey } from '../../io/hmac-sha1.ts'

/** What a call says of who makes it. */
export interface GrpcCredentials {
  readonly username: string
  /** HMAC-SHA1 of the date by the user's password, in hexadecimal digits. */
  readonly signature: string
  readonly date: string
}

const AUTHORIZATION = 'authorization'
const DATE = 'x-mq-date-time'
/** Longer ones are made by nobody, and read by nobody. */
const HEADER_LENGTH_MAX = 2048
const SHA1_HEX = /^[\da-f]{40}$/i

/*
 * The header of official clients (source: DefaultAuthenticationContextBuilder, and Signature of rocketmq-clients):
 *   MQv2-HMAC-SHA1 Credential=NAME/REGION/SERVICE, SignedHeaders=x-mq-date-time, Signature=HEX
 */

/** Undefined for a call that is not signed; a text says what is wrong with the headers. */
export function grpcCredentials(headers: ReadonlyMap<string, string>): GrpcCredentials | string | undefined {
  const header = headers.get(AUTHORIZATION)
  if (header === undefined || header === '') return undefined
  const date = headers.get(DATE) ?? ''
  if (date === '') return `authentication failed: the header ${DATE}, which is what is signed, is missing`
  const space = header.indexOf(' ')
  if (space < 0 || header.length > HEADER_LENGTH_MAX || date.length > HEADER_LENGTH_MAX) return malformed('form')
  let username = ''
  let signature = ''
  for (const item of header.slice(space + 1).split(',')) {
    const equal = item.indexOf('=')
    if (equal < 0) return malformed('form')
    const name = item.slice(0, equal).trim()
    const value = item.slice(equal + 1).trim()
    if (name === 'Credential') username = value.split('/', 1)[0] ?? ''
    else if (name === 'Signature') signature = value
  }
  if (username === '') return malformed('Credential')
  return SHA1_HEX.test(signature) ? { username, signature, date } : malformed('Signature')
}

/** Whether these credentials were made with the key; takes as long whatever the answer. */
export function isSignedBy(key: HmacKey, { date, signature }: GrpcCredentials): boolean {
  const signed = Buffer.from(date)
  content.clear()
  content.append(signed, 0, signed.length)
  const given = Buffer.from(Buffer.from(signature, 'hex').toString('base64'))
  return content.isSignature(key, given, 0, given.length)
}

const content = new HmacContent()

/** An unknown user takes as long as a known one. */
export const NOBODY = new HmacKey('nobody')

function malformed(what: string): string {
  return `authentication failed: the ${what} of the header ${AUTHORIZATION} is not "MQv2-HMAC-SHA1 Credential=..., SignedHeaders=${DATE}, Signature=<40 hexadecimal digits>"`
}
