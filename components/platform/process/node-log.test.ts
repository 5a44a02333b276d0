import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lastWords, rotateLog } from './node-log.ts'

let folder = ''
let log = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-log-'))
  log = join(folder, 'node.log')
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('rotateLog', () => {
  it('leaves a short log alone', () => {
    writeFileSync(log, '12345')
    expect(rotateLog(log, 5)).toBe(false)
    expect(readFileSync(log, 'utf8')).toBe('12345')
  })

  it('empties a long one in place and keeps the last three parts', () => {
    for (const part of ['first', 'second', 'third', 'fourth']) {
      appendFileSync(log, part)
      expect(rotateLog(log, 4)).toBe(true)
      expect(readFileSync(log, 'utf8')).toBe('')
    }
    const parts = [1, 2, 3].map((part) => readFileSync(`${log}.${part}`, 'utf8'))
    expect(parts).toEqual(['fourth', 'third', 'second'])
    expect(() => readFileSync(`${log}.4`)).toThrow('ENOENT')
  })

  it('does nothing for a node that has not logged yet', () => {
    expect(rotateLog(log, 4)).toBe(false)
  })
})

describe('lastWords', () => {
  it.each([
    ['plain text\nthe end\n', 'the end'],
    ['{"level":"info","msg":"ready"}\n', 'ready'],
    ['{"level":"error","msg":"no","err":{"message":"EACCES"}}\n{"level":"info","msg":"bye"}\n', 'no: EACCES'],
    ['{"level":"fatal","msg":"port 1 in use","err":{"message":"port 1 in use"}}\n', 'port 1 in use'],
    ['{"level":"info","ms', '{"level":"info","ms'],
    ['\n\n', undefined],
    [
      'ok\njava.lang.Error: no port\n\tat a.B.c(B.java:1)\nCaused by: x.Y: in use\n\t... 2 more\n',
      'java.lang.Error: no port: x.Y: in use',
    ],
  ])('of %j are %j', (text, expected) => {
    writeFileSync(log, text)
    expect(lastWords(log)).toBe(expected)
  })

  it('are none without a log', () => {
    expect(lastWords(log)).toBeUndefined()
  })
})
