import type { CommandView } from '../../codec/remoting/command-view.ts'
import { ProtocolVersion } from '../../codec/remoting/protocol-version.ts'
import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { HmacContent, type HmacKey } from '../../io/hmac-sha1.ts'

/** Names of the header fields in which a request says who sends it (official: SessionCredentials). */
export const ACCESS_KEY = 'AccessKey'
export const SIGNATURE = 'Signature'
/** Says that another replica passed a request on, and for whom; not part of what the client signed. */
export const PASSED_ON = '__GANTRY_FORWARDED'
/** Clients up to 4.9.3 add it after they have signed. */
const UNIQUE_KEY_FLAG = '_UNIQUE_KEY_QUERY'

/** How this process shows who it is. */
export interface Credentials {
  readonly accessKey: string
  readonly key: HmacKey
}

const UNSIGNED = [SIGNATURE, PASSED_ON].map((name) => Buffer.from(name))
const UNSIGNED_OF_OLD = [...UNSIGNED, Buffer.from(UNIQUE_KEY_FLAG)]
/** Indexes of the fields in the order of their names. Requests are looked at one at a time. */
const order = new Int32Array(256)

/**
 * Puts together what a client has signed: the values of all fields but the signature, in the order of their names, then
 * the body (official: AclUtils.combineRequestContent). False when a field stands twice, which no official client does:
 * who checks and who serves the request could take different ones.
 */
export function putSignedContent(content: HmacContent, request: CommandView): boolean {
  const { fields, bytes } = request
  const { valueStart, valueLength } = fields
  const left = request.version <= ProtocolVersion.V4_9_3 ? UNSIGNED_OF_OLD : UNSIGNED
  let count = 0
  for (let i = 0; i < fields.count; i++) {
    if (isOneOf(left, request, i)) continue
    let at = count++
    for (; at > 0; at--) {
      const compared = compareNames(request, order[at - 1]!, i)
      if (compared === 0) return false
      if (compared < 0) break
      order[at] = order[at - 1]!
    }
    order[at] = i
  }
  content.clear()
  for (let at = 0; at < count; at++) content.append(bytes, valueStart[order[at]!]!, valueLength[order[at]!]!)
  content.append(bytes, request.bodyStart, request.bodyLength)
  return true
}

const drafting = new HmacContent()

/** What signs all requests of a client; undefined where there are no credentials. */
export function signer(credentials: Credentials | undefined): ((draft: RequestDraft) => RequestDraft) | undefined {
  return credentials && ((draft) => signedDraft(draft, credentials))
}

/** A request in the name of these credentials (official: AclClientRPCHook). */
export function signedDraft(draft: RequestDraft, { accessKey, key }: Credentials): RequestDraft {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...draft.fields, [ACCESS_KEY]: accessKey })) {
    if (value !== undefined && name !== SIGNATURE) fields[name] = String(value)
  }
  drafting.clear()
  for (const name of Object.keys(fields).sort()) {
    const value = Buffer.from(fields[name]!)
    drafting.append(value, 0, value.length)
  }
  if (draft.body !== undefined) drafting.append(draft.body, 0, draft.body.length)
  return { ...draft, fields: { ...fields, [SIGNATURE]: drafting.signature(key) } }
}

function isOneOf(names: readonly Buffer[], { bytes, fields }: CommandView, i: number): boolean {
  const start = fields.keyStart[i]!
  const length = fields.keyLength[i]!
  for (const name of names) {
    if (name.length === length && name.compare(bytes, start, start + length) === 0) return true
  }
  return false
}

/** As Java compares strings, by UTF-16 units: characters beyond U+FFFF come before those from U+E000 on. */
function compareNames({ bytes, fields }: CommandView, a: number, b: number): number {
  const [aStart, bStart] = [fields.keyStart[a]!, fields.keyStart[b]!]
  const [aLength, bLength] = [fields.keyLength[a]!, fields.keyLength[b]!]
  const shorter = Math.min(aLength, bLength)
  for (let i = 0; i < shorter; i++) {
    const [x, y] = [bytes[aStart + i]!, bytes[bStart + i]!]
    if (x === y) continue
    return x >= 0xee && y >= 0xee && x >= 0xf0 !== y >= 0xf0 ? y - x : x - y
  }
  return aLength - bLength
}
