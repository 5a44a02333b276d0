import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readToolsYml } from './read-tools-yml.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-tools-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string) {
  const path = join(folder, 'tools.yml')
  writeFileSync(path, text)
  return readToolsYml(path)
}

test('the keys of a tools.yml, digits as they are written', () => {
  expect(read('accessKey: rocketmq\nsecretKey: 012345678\n')).toMatchObject({ accessKey: 'rocketmq' })
  expect(read('# accessKey: rocketmq\n')).toBeUndefined()
  expect(read('other: x\n')).toBeUndefined()
})

test.each([
  ['accessKey: a\n', 'accessKey and secretKey are both needed'],
  ['accessKey: a\nsecretKey:\n', 'accessKey and secretKey are both needed'],
  ['- secret-key\n', 'holds no keys'],
  ['accessKey: "secret-key\n', 'is no YAML'],
])('%j is refused, and not repeated', (text, problem) => {
  expect(() => read(text)).toThrow(problem)
  expect(() => read(text)).not.toThrow('secret-key')
})
