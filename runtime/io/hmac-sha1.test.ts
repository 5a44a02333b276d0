import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HmacContent, HmacKey } from './hmac-sha1.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

test('RFC 2202, case 2', () => {
  const content = new HmacContent()
  const data = bytes('what do ya want for nothing?')
  content.append(data, 0, data.length)
  expect(content.hexSignature(new HmacKey('Jefe'))).toBe('effcdf6ae5eb2fa2d27416d5f184df9c259a7c79')
})

test('any secret and any pieces: the HMAC of node:crypto', () => {
  const content = new HmacContent()
  fc.assert(
    fc.property(
      fc.string({ maxLength: 150, unit: 'binary' }),
      fc.array(fc.uint8Array({ maxLength: 2000 })),
      (secret, pieces) => {
        content.clear()
        for (const piece of pieces) {
          const within = Buffer.concat([bytes('ab'), piece, bytes('c')])
          content.append(within, 2, piece.length)
        }
        const key = new HmacKey(secret)
        const expected = createHmac('sha1', bytes(secret)).update(Buffer.concat(pieces)).digest('base64')
        expect(content.signature(key)).toBe(expected)
        const text = bytes(`x${expected}`)
        expect(content.isSignature(key, text, 1, 28)).toBe(true)
        expect(content.isSignature(key, text, 0, 28)).toBe(false)
        expect(content.isSignature(key, text, 1, 27)).toBe(false)
        expect(content.isSignature(key, text, 1, 0)).toBe(false)
      },
    ),
  )
})
