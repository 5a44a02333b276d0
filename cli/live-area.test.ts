import type { WriteStream } from 'node:tty'
import { expect, it } from 'vitest'
import { LiveArea } from './live-area.ts'

function fakeTerminal(columns: number) {
  const writes: string[] = []
  const out = { columns, write: (text: string) => writes.push(text) } as unknown as WriteStream
  return { writes, out }
}

it('redraws in place, and only when something changed', () => {
  const { writes, out } = fakeTerminal(80)
  const area = new LiveArea(out)
  area.show(['one', 'two'])
  area.show(['one', 'two'])
  area.show(['three'])
  expect(writes).toEqual(['one\ntwo\n', '\x1b[2A\x1b[Jthree\n'])
})

it('puts other lines above', () => {
  const { writes, out } = fakeTerminal(80)
  const area = new LiveArea(out)
  area.show(['table'])
  area.print('event')
  expect(writes).toEqual(['table\n', '\x1b[1A\x1b[Jevent\ntable\n'])
})

it('counts the rows a long line takes, colours not included', () => {
  const { writes, out } = fakeTerminal(10)
  const area = new LiveArea(out)
  area.show(['\x1b[32m0123456789\x1b[39m', '0123456789a'])
  area.show([])
  expect(writes.at(-1)).toBe('\x1b[3A\x1b[J')
})
