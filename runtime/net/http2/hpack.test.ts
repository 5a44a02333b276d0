import { expect, test } from 'vitest'
import { headerBlock } from './header-block.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { decodeHuffman, encodeHuffman } from './huffman.ts'

const decoded = (decoder: HpackDecoder, hex: string) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return Object.fromEntries(decoder.decode(bytes, 0, bytes.length))
}

test('reads the requests of RFC 7541, C.4, of which the later ones refer to the earlier ones', () => {
  const decoder = new HpackDecoder(4096)
  const same = { ':method': 'GET', ':authority': 'www.example.com' }
  expect(decoded(decoder, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')).toEqual({
    ...same,
    ':scheme': 'http',
    ':path': '/',
  })
  expect(decoded(decoder, '8286 84be 5886 a8eb 1064 9cbf')).toEqual({
    ...same,
    ':scheme': 'http',
    ':path': '/',
    'cache-control': 'no-cache',
  })
  expect(decoded(decoder, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')).toEqual({
    ...same,
    ':scheme': 'https',
    ':path': '/index.html',
    'custom-key': 'custom-value',
  })
})

test('reads the responses of RFC 7541, C.6, whose table of 256 bytes has no room for all', () => {
  const decoder = new HpackDecoder(4096)
  // "3f e1 01" sets the size of the table to 256.
  const first =
    '3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3'
  expect(decoded(decoder, first)).toMatchObject({ ':status': '302', location: 'https://www.example.com' })
  expect(decoded(decoder, '4883 640e ff c1 c0 bf')).toMatchObject({ ':status': '307', 'cache-control': 'private' })
  // The first entry, :status 302, has been dropped for :status 307.
  expect(decoded(decoder, 'be')).toEqual({ ':status': '307' })
})

test('every byte survives the Huffman code', () => {
  const text = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1')
  const coded = encodeHuffman(text)
  expect(decodeHuffman(coded, 0, coded.length)).toBe(text)
})

test('what a server writes is read, whether the table knows it or not', () => {
  const headers: [string, string][] = [
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', '0'],
    ['grpc-message', 'x'.repeat(300)],
  ]
  const block = headerBlock(headers)
  expect([...new HpackDecoder(4096).decode(block, 0, block.length)]).toEqual(headers)
  expect(block[0]).toBe(0x88)
})

test('says what is wrong with a block, and bounds what it takes', () => {
  const refuse = (hex: string, text: string, limit = 4096) =>
    expect(() => decoded(new HpackDecoder(limit), hex)).toThrow(text)
  refuse('be', 'index 62, which there is not')
  refuse('80', 'index 0, which there is not')
  refuse('3fe2 1f', 'a header table of 4097 bytes; 4096 are allowed')
  refuse('418c f1e3', 'a header block that ends within a header')
  refuse('41', 'a header block that ends within a header')
  refuse('ff ffff ffff ff', 'a number of more than four bytes')
  refuse('00 81ff 0161', 'not Huffman coded')
  refuse('0001 6101 6200 0163 0164', 'take more than 60 bytes', 60)
})
