import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../../codec/bytes.ts'
import { CommandView } from '../../codec/remoting/command-view.ts'
import { requestCommand, viewOfCommand } from '../../codec/remoting/remoting-command.ts'
import { HmacContent, HmacKey } from '../../io/hmac-sha1.ts'
import { SIGNED_REQUESTS } from '../testing/signed-requests.ts'
import { PASSED_ON, putSignedContent, SIGNATURE, signedDraft } from './signed-content.ts'

interface GoldenFrame {
  readonly name: string
  readonly binary: boolean
  readonly frame: string
}

const golden: GoldenFrame[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/signed-frames.json'), 'utf8'),
)

function parsed(frame: Buffer): CommandView {
  const view = new CommandView()
  view.parse(frame, viewOf(frame), 0, frame.length - 4)
  return view
}

function isSigned(request: CommandView, secret: string): boolean {
  const content = new HmacContent()
  if (!putSignedContent(content, request)) return false
  const at = request.fields.find(request.bytes, SIGNATURE)
  const { valueStart, valueLength } = request.fields
  return at >= 0 && content.isSignature(new HmacKey(secret), request.bytes, valueStart[at]!, valueLength[at]!)
}

test.each(golden)('$name, signed by the official client (binary: $binary)', ({ name, frame }) => {
  const { secretKey, body } = SIGNED_REQUESTS.find((request) => request.name === name)!
  expect(isSigned(parsed(Buffer.from(frame, 'base64')), secretKey)).toBe(true)
  expect(isSigned(parsed(Buffer.from(frame, 'base64')), `${secretKey}x`)).toBe(false)
  if (body === undefined) return
  const tampered = Buffer.from(frame, 'base64')
  tampered[tampered.length - 1]! ^= 1
  expect(isSigned(parsed(tampered), secretKey)).toBe(false)
})

test('what this engine signs has the signature of the official client', () => {
  for (const { name, code, fields, body, accessKey, secretKey, securityToken } of SIGNED_REQUESTS) {
    const more = securityToken === undefined ? {} : { SecurityToken: securityToken }
    const draft = {
      code,
      fields: { ...fields, ...more },
      body: body === undefined ? undefined : Buffer.from(body, 'base64'),
    }
    const signed = signedDraft(draft, { accessKey, key: new HmacKey(secretKey) })
    const frame = golden.find((row) => row.name === name)!.frame
    expect([name, signed.fields![SIGNATURE]]).toEqual([name, parsed(Buffer.from(frame, 'base64')).text(SIGNATURE)])
  }
})

const arbitraryDraft = fc.record({
  code: fc.nat(500),
  fields: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 20 }), { maxKeys: 12 }),
  body: fc.uint8Array({ maxLength: 50 }),
})

test('a signed request is found to be signed; with one value, name, field or byte of the body changed it is not', () => {
  fc.assert(
    fc.property(arbitraryDraft, fc.string(), fc.nat(), (draft, secret, pick) => {
      const signed = signedDraft(draft, { accessKey: 'alice', key: new HmacKey(secret) })
      const { fields = {}, body } = signed
      const sent = (changes: object, bytes = body): CommandView =>
        viewOfCommand(requestCommand({ ...signed, fields: { ...fields, ...changes }, body: bytes }, 1, false))
      expect(isSigned(sent({}), secret)).toBe(true)
      expect(isSigned(sent({ [PASSED_ON]: 'anything' }), secret)).toBe(true)
      const names = Object.keys(fields).filter((name) => name !== SIGNATURE)
      const name = names[pick % names.length]!
      expect(isSigned(sent({ [name]: `${fields[name]}x` }), secret)).toBe(false)
      expect(isSigned(sent({ [`~${name}`]: 'more' }), secret)).toBe(false)
      expect(isSigned(sent({}, Buffer.concat([body!, Buffer.from('x')])), secret)).toBe(false)
    }),
  )
})

test('a field that stands twice is not believed: who checks and who serves could take different ones', () => {
  const header = (fields: string): Buffer => {
    const json = Buffer.from(`{"code":10,"extFields":{${fields}},"flag":0,"language":"JAVA","opaque":1,"version":513}`)
    const frame = Buffer.alloc(8 + json.length)
    frame.writeInt32BE(4 + json.length, 0)
    frame.writeInt32BE(json.length, 4)
    json.copy(frame, 8)
    return frame
  }
  const content = new HmacContent()
  expect(putSignedContent(content, parsed(header('"a":"1","b":"2","topic":"T"')))).toBe(true)
  expect(putSignedContent(content, parsed(header('"a":"1","topic":"mine","b":"2","topic":"yours"')))).toBe(false)
})

test('the mark that clients up to 4.9.3 add after they have signed does not count, for them only', () => {
  const credentials = { accessKey: 'alice', key: new HmacKey('secret') }
  const signed = signedDraft({ code: 12, fields: { topic: 'T', key: 'k' } }, credentials)
  for (const [version, isValid] of [
    [399, true],
    [401, false],
  ] as const) {
    const fields = { ...signed.fields, _UNIQUE_KEY_QUERY: 'true' }
    const request = viewOfCommand({ ...requestCommand({ ...signed, fields }, 1, false), version })
    expect(isSigned(request, 'secret')).toBe(isValid)
  }
})
