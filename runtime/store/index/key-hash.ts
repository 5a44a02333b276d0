import { javaHashCode } from '../../codec/bytes.ts'

/*
 * An index entry holds the hash of `topic#key`, or of `topic#T#tags`. Java's hash is a left fold, so the part of the topic
 * is computed once per topic and the key's bytes are folded in.
 */

const SEPARATOR = 0x23
const TAG_TYPE = 0x54

/** Java hash of `topic#`. */
export function indexKeySeed(topic: string): number {
  return (Math.imul(javaHashCode(topic), 31) + SEPARATOR) | 0
}

/** Java hash of `topic#T#`, from the hash of `topic#`. */
export function tagKeySeed(seed: number): number {
  return (Math.imul((Math.imul(seed, 31) + TAG_TYPE) | 0, 31) + SEPARATOR) | 0
}

/** Continues a hash over UTF-8 text, without making a string when it is ASCII. */
export function foldUtf8(seed: number, bytes: Uint8Array, start: number, length: number): number {
  let hash = seed
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!
    if (byte >= 0x80)
      return foldText(seed, Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8'))
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  return hash
}

export function foldText(seed: number, text: string): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** What an entry stores: the absolute value, 0 for the one that has none. */
export function entryHash(hash: number): number {
  const positive = Math.abs(hash)
  return positive > 0x7fff_ffff ? 0 : positive
}
