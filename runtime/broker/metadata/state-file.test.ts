import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { asObject } from '../../codec/json/json-fields.ts'
import { silentLogger } from '../../observe/logger.ts'
import { Persisted } from './persisted.ts'
import { StateFile } from './state-file.ts'

const PATH = '/store/config/state.json'

function fileOn(disk: SimDisk): StateFile {
  return new StateFile(disk, PATH, silentLogger)
}

/** The `n` of the loaded content, undefined when there is no file. */
function loaded(disk: SimDisk): unknown {
  let n: unknown
  fileOn(disk).load((content) => {
    n = asObject(content, 'state')['n']
  })
  return n
}

function saveLater(state: Persisted, nowMs: number): void {
  if (state.prepare(nowMs)) state.savePrepared(nowMs)
}

test('a crash at any call of a save leaves the content before it or the new one', () => {
  for (const kind of ['process', 'power', 'power-worst'] as const) {
    for (let nth = 1; ; nth++) {
      const disk = new SimDisk({ seed: nth })
      fileOn(disk).save('{"n":1}')
      fileOn(disk).save('{"n":2}')
      disk.fail({ nth, code: 'EIO', forever: true })
      let isSaved = true
      try {
        fileOn(disk).save('{"n":3}')
      } catch {
        isSaved = false
      }
      disk.clearFaults()
      disk.crash(kind)
      expect([kind, nth, isSaved ? [3] : [2, 3]]).toEqual([kind, nth, expect.arrayContaining([loaded(disk)])])
      if (isSaved) break
    }
  }
})

test('a background save takes effect when the device has it, unless a later save overtook it', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const file = fileOn(disk)
  const done: (Error | null)[] = []
  file.saveInBackground('{"n":1}', (error) => done.push(error))
  expect([loaded(disk), done]).toEqual([undefined, []])
  disk.completeSyncs()
  expect([loaded(disk), done]).toEqual([1, [null]])
  file.saveInBackground('{"n":2}', (error) => done.push(error))
  file.save('{"n":3}')
  disk.completeSyncs()
  expect([loaded(disk), done]).toEqual([3, [null, null]])
  expect(disk.openFileCount).toBe(0)
})

test('a state saved in the background is saved again when it changed meanwhile, or when saving failed', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  let n = 1
  const state = new Persisted(fileOn(disk), () => `{"n":${n}}`, silentLogger)
  saveLater(state, 0)
  expect(disk.completeSyncs()).toBe(0)
  state.markChanged()
  saveLater(state, 0)
  n = 2
  state.markChanged()
  saveLater(state, 0)
  expect([disk.completeSyncs(), loaded(disk)]).toEqual([1, 1])
  disk.fail({ nth: 1, code: 'EIO', operations: ['rename'] })
  saveLater(state, 0)
  disk.completeSyncs()
  saveLater(state, 999)
  expect([disk.completeSyncs(), state.isChanged]).toEqual([0, true])
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'] })
  saveLater(state, 1000)
  saveLater(state, 2000)
  expect([disk.completeSyncs(), loaded(disk), state.isChanged]).toEqual([1, 2, false])
})

test('at the end a save under way is not trusted but done again', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const state = new Persisted(fileOn(disk), () => '{"n":1}', silentLogger)
  state.markChanged()
  saveLater(state, 0)
  state.saveIfChanged(0)
  expect(loaded(disk)).toBe(1)
  disk.completeSyncs()
  expect([loaded(disk), state.isChanged]).toEqual([1, false])
})
