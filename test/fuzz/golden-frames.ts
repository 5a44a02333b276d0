import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface GoldenFrame {
  readonly kind: string
  readonly to: string
  readonly hex: string
}

/** Frames of real clients and servers, whole, by where they went (`broker`, `namesrv`, `client`). */
export function goldenFrames(to?: string): Buffer[] {
  return readFileSync(join(import.meta.dirname, '../compat/golden/frames.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GoldenFrame)
    .filter((frame) => to === undefined || (frame.to === to && frame.kind === 'request'))
    .map((frame) => Buffer.from(frame.hex, 'hex'))
}
