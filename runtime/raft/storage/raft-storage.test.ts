import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { damage, STORE_FOLDER, StoreFixture } from '../testing/store-fixture.ts'
import { DurableMark } from './durable-mark.ts'
import { recoverLog } from './log-recovery.ts'
import { scanLog, segmentName, segmentStarts } from './log-scan.ts'

function opened(disk?: SimDisk): StoreFixture {
  const store = new StoreFixture(disk)
  store.open()
  return store
}

/** A store's life with all that can happen in it; every step is one write. */
const LIFE: readonly ((store: StoreFixture) => void)[] = [
  (store) => store.vote(1, 'n1'),
  (store) => store.append(0, 1, ['a', 'b'.repeat(100), 'c']),
  (store) => store.append(3, 1, ['d'], 2),
  (store) => store.vote(2, 'n0'),
  (store) => store.append(2, 2, ['C', 'D', 'E'.repeat(300)], 2),
  (store) => store.append(5, 2, ['F', 'G'.repeat(200)], 5),
  (store) => store.save(4, 'first'),
  (store) => store.append(7, 2, ['H', 'I'.repeat(500)], 6),
  (store) => store.vote(3, undefined),
  (store) => store.install({ index: 20, term: 3 }, 'second '.repeat(50)),
  (store) => store.append(20, 3, ['u', 'v'.repeat(300), 'w'], 21),
  (store) => store.append(22, 4, ['W', 'X'], 22),
]

/** `atOnce`: the next write does not wait for the one before. Stops when the store fails. */
function live(store: StoreFixture, atOnce = false): void {
  for (const step of LIFE) {
    step(store)
    if (!atOnce) store.settle()
    if (store.failure) return
  }
  store.settle()
}

test('what was written is there when the store is opened again', () => {
  const store = opened()
  live(store)
  store.close()
  store.open()
  expect(store.logger.lines).toEqual([])
  expect(store.checkRestored()).toEqual({ index: 24, term: 4 })
  const { hard, snapshot, commit } = store.storage.restored
  expect([hard.term, hard.vote, snapshot?.index, commit]).toEqual([3, undefined, 20, 22])
  expect(String(store.storage.takeRestoredSnapshot())).toBe('second '.repeat(50))
  expect(store.storage.takeRestoredSnapshot()).toBeUndefined()
})

test('segments that a snapshot covers are deleted', () => {
  const store = opened()
  for (let i = 0; i < 50; i++) store.append(i, 1, ['x'.repeat(100)], i)
  store.settle()
  const before = store.disk.list(`${STORE_FOLDER}/log`).length
  store.save(45, 'state')
  store.settle()
  const after = store.disk.list(`${STORE_FOLDER}/log`).length
  expect(before).toBeGreaterThan(after)
  expect(after).toBeLessThanOrEqual(3)
  store.close()
  store.open()
  expect(store.checkRestored()).toEqual({ index: 50, term: 1 })
})

test('writes that come while a sync is under way share the next one', () => {
  const store = new StoreFixture(undefined, 1 << 20)
  store.open()
  for (let i = 0; i < 10; i++) store.append(i, 1, ['x'])
  expect(store.disk.completeSyncs()).toBe(1)
  // The new segment's name.
  expect(store.disk.completeSyncs()).toBe(1)
  expect(store.durable.last.index).toBe(1)
  expect(store.disk.completeSyncs()).toBe(1)
  expect(store.durable.last.index).toBe(10)
})

test('the store of another group, of another member, or without its papers is refused', () => {
  const store = opened()
  store.close()
  const reopen = (identity: string) => {
    store.disk.writeFile(`${STORE_FOLDER}/identity`, Buffer.from(identity))
    store.open()
  }
  expect(() => reopen('format=1\ngroup=other\nself=n0\n')).toThrow('/raft is the store of group "other", not of "g"')
  expect(() => reopen('format=1\ngroup=g\nself=n7\n')).toThrow('/raft is the store of member "n7", not of "n0"')
  expect(() => reopen('format=2\ngroup=g\nself=n0\n')).toThrow('format 2 is not known')
  expect(() => reopen('form')).toThrow('/raft/identity is damaged')
  store.disk.remove(`${STORE_FOLDER}/identity`)
  expect(() => store.open()).toThrow('/raft/identity is missing although /raft/state-0 is there')
})

test('a store that is open is not opened twice', () => {
  const store = opened()
  expect(() => store.open()).toThrow('/raft is in use by another process')
})

test('a store whose state is gone or damaged in both copies is refused, in one copy mended', () => {
  const store = opened()
  store.vote(4, 'n2')
  store.settle()
  store.close()
  for (const name of ['state-0', 'state-1']) {
    for (let byte = 0; byte < 60; byte++) {
      damage(store.disk, `${STORE_FOLDER}/${name}`, byte)
      store.open()
      expect([store.storage.restored.hard.term, store.storage.restored.hard.vote]).toEqual([4, 'n2'])
      store.close()
    }
  }
  damage(store.disk, `${STORE_FOLDER}/state-0`, 9)
  damage(store.disk, `${STORE_FOLDER}/state-1`, 20)
  expect(() => store.open()).toThrow('state-0 and state-1 are both damaged')
  store.disk.remove(`${STORE_FOLDER}/state-1`)
  expect(() => store.open()).toThrow('/raft has log but no state-1')
})

test('any call may fail: nothing that was reported is lost, and the store can be opened again', () => {
  const counting = opened()
  live(counting)
  counting.close()
  const calls = counting.disk.callCount
  expect(calls).toBeGreaterThan(90)
  for (let nth = 1; nth <= calls; nth++) {
    const store = new StoreFixture()
    store.disk.fail({ nth, code: nth % 2 ? 'EIO' : 'ENOSPC' })
    try {
      store.open()
      live(store)
      store.close()
    } catch (error) {
      expect((error as Error).message).toMatch(/simulated/)
    }
    if (store.failure) expect(store.failure.message).toMatch(/simulated/)
    store.disk.crash('process')
    store.open()
    store.checkRestored()
    expect([nth, store.storage.restored.hard.lost]).toEqual([nth, undefined])
  }
})

test('opening may fail at any call: the next try finds everything', () => {
  const made = new StoreFixture()
  made.open()
  live(made)
  made.disk.crash('process')
  const before = made.disk.callCount
  made.open()
  const calls = made.disk.callCount - before
  made.close()
  for (let nth = 1; nth <= calls; nth++) {
    made.disk.fail({ nth, code: 'EIO' })
    expect(() => made.open()).toThrow('simulated')
    made.disk.crash('process')
    made.open()
    expect(made.checkRestored()).toEqual({ index: 24, term: 4 })
    made.close()
  }
})

test('the power may go at any moment: what was reported is there, and a torn end is never taken for damage', () => {
  for (let seed = 1; seed <= 24; seed++) {
    for (const kind of ['process', 'power', 'power-worst'] as const) {
      const store = new StoreFixture(new SimDisk({ syncs: 'manual', seed }))
      store.open()
      const stopAt = seed % LIFE.length
      for (const [i, step] of LIFE.entries()) {
        step(store)
        if (i === stopAt) {
          for (let syncs = seed % 5; syncs > 0; syncs--) store.disk.completeSyncs()
          break
        }
        if ((seed + i) % 3 > 0) store.settle()
      }
      store.disk.crash(kind)
      store.open()
      store.checkRestored()
      expect([seed, kind, store.storage.restored.hard.lost]).toEqual([seed, kind, undefined])
      store.adopt()
      store.append(store.last.index, 9, ['after'])
      store.settle()
      store.disk.crash('power-worst')
      store.open()
      store.checkRestored()
      expect(store.storage.restored.entries.at(-1)?.term).toBe(9)
    }
  }
})

test('of the last write any number of bytes may have arrived', () => {
  const whole = opened()
  whole.append(0, 1, ['a', 'b'])
  whole.settle()
  const [name] = whole.disk.list(`${STORE_FOLDER}/log`)
  const path = `${STORE_FOLDER}/log/${name}`
  const before = whole.disk.stat(path)!.sizeBytes
  whole.append(2, 1, ['c'.repeat(50), 'd'])
  const sizeBytes = whole.disk.stat(path)!.sizeBytes
  expect(sizeBytes - before).toBe(2 * 64 + 56 + 8)
  const bytes = whole.disk.readFile(path)
  for (let size = before; size <= sizeBytes; size++) {
    const store = opened()
    store.append(0, 1, ['a', 'b'])
    store.settle()
    store.disk.crash('process')
    const file = store.disk.open(path, 'write')
    file.write(bytes, 0, size, 0)
    file.close()
    store.open()
    const expected = size < before + 120 ? 2 : size < sizeBytes ? 3 : 4
    expect(store.storage.restored.entries.length).toBe(expected)
    expect(store.storage.restored.hard.lost).toBeUndefined()
    const isCut = size > before && size < sizeBytes && size !== before + 120
    expect(store.disk.list(`${STORE_FOLDER}/cut`).length).toBe(isCut ? 1 : 0)
    expect(store.logger.lines.length).toBe(isCut ? 1 : 0)
  }
})

test('one bit of the log may turn over, anywhere: it is never applied, and it is known what is lost', () => {
  const made = opened()
  live(made)
  made.close()
  const folder = `${STORE_FOLDER}/log`
  const starts = segmentStarts(made.disk, folder)
  const mark = new DurableMark(made.disk, `${STORE_FOLDER}/durable`).mark
  const { snapshot } = made
  const read = () => recoverLog(scanLog(made.disk, folder), starts, mark, snapshot, folder)
  const whole = read()
  expect([whole.isLost, whole.end, whole.damage]).toEqual([false, { index: 24, term: 4 }, []])
  let lost = 0
  for (const start of starts) {
    const path = `${folder}/${segmentName(start)}`
    for (let byte = 0; byte < made.disk.stat(path)!.sizeBytes; byte++) {
      damage(made.disk, path, byte, 1 << (byte % 8))
      const found = read()
      damage(made.disk, path, byte, 1 << (byte % 8))
      expect([byte, found.torn, found.end]).toEqual([byte, undefined, { index: 24, term: 4 }])
      if (found.isLost) {
        lost++
        expect(found.damage.map(({ file }) => file)).toContain(path)
      } else {
        // Padding, or a record that is not needed any more.
        expect(found.entries).toEqual(whole.entries)
      }
    }
  }
  expect(lost).toBeGreaterThan(500)
})

test('a damaged store says what is lost, goes on saying so, and can be written to', () => {
  const made = opened()
  live(made)
  const folder = `${STORE_FOLDER}/log`
  let lost = 0
  for (const name of made.disk.list(folder)) {
    const sizeBytes = made.disk.stat(`${folder}/${name}`)!.sizeBytes
    for (let byte = 3; byte < sizeBytes; byte += 67) if (isLostBy(folder, name, byte)) lost++
  }
  expect(lost).toBeGreaterThan(5)
})

/** A store that is damaged there; false: nothing that it needs stood there. */
function isLostBy(folder: string, name: string, byte: number): boolean {
  const store = opened()
  live(store)
  store.close()
  damage(store.disk, `${folder}/${name}`, byte)
  store.open()
  const last = store.checkRestored()
  const { hard } = store.storage.restored
  if (hard.lost === undefined) return false
  expect(hard.lost).toEqual({ end: { index: 24, term: 4 }, term: 5 })
  expect(last.index).toBeLessThan(24)
  expect(store.logger.lines.join()).toContain(`the raft log is damaged: ${folder}/${name} at byte`)
  expect(store.disk.list(`${STORE_FOLDER}/cut`)).toContain(name)
  store.close()
  store.open()
  expect([store.storage.restored.hard, store.checkRestored()]).toEqual([hard, last])
  store.adopt()
  store.append(last.index, 6, ['again'])
  store.settle()
  store.disk.crash('power-worst')
  store.open()
  expect(store.checkRestored()).toEqual({ index: last.index + 1, term: 6 })
  return true
}

test('a damaged snapshot is not used; what it held is lost, and known to be', () => {
  const store = opened()
  live(store)
  store.close()
  const [name] = store.disk.list(`${STORE_FOLDER}/snapshot`)
  damage(store.disk, `${STORE_FOLDER}/snapshot/${name}`, 200)
  store.open()
  expect(store.storage.restored.snapshot).toBeUndefined()
  // From before the snapshot was installed.
  expect(store.checkRestored().term).toBeLessThan(3)
  expect(store.storage.restored.hard.lost).toEqual({ end: { index: 24, term: 4 }, term: 5 })
  expect(store.logger.lines.join()).toContain('the checksum of its data does not match')
})

test('a log that is gone as a whole, or its end, is missed', () => {
  for (const isWhole of [true, false]) {
    const store = opened()
    live(store)
    store.close()
    const names = store.disk.list(`${STORE_FOLDER}/log`)
    for (const name of isWhole ? names : names.slice(-1)) store.disk.remove(`${STORE_FOLDER}/log/${name}`)
    store.open()
    expect(store.storage.restored.hard.lost?.end).toEqual({ index: 24, term: 4 })
  }
})

test('without the mark a torn end cannot be told from damage: how far the log went is not known', () => {
  const store = opened()
  live(store)
  store.close()
  store.disk.remove(`${STORE_FOLDER}/durable`)
  store.open()
  expect(store.storage.restored.hard.lost).toBeUndefined()
  store.close()
  store.disk.remove(`${STORE_FOLDER}/durable`)
  const name = store.disk.list(`${STORE_FOLDER}/log`).at(-1)!
  damage(store.disk, `${STORE_FOLDER}/log/${name}`, store.disk.stat(`${STORE_FOLDER}/log/${name}`)!.sizeBytes - 70)
  store.open()
  expect(store.storage.restored.hard.lost).toEqual({ end: undefined, term: 4 })
})

const step = fc.record({
  what: fc.constantFrom('append', 'append', 'replace', 'vote', 'save', 'install', 'reopen', 'crash'),
  size: fc.nat(200),
  syncs: fc.nat(4),
})

test('whatever is written, in whatever order, is found again after any crash', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, seed) => {
      const store = new StoreFixture(new SimDisk({ syncs: 'manual', seed }), 256)
      store.open()
      let term = 1
      for (const { what, size, syncs } of steps) {
        const { last, snapshot } = store
        const applied = Math.max(snapshot.index, store.savedTo)
        if (what === 'append')
          store.append(last.index, Math.max(term, last.term), ['x'.repeat(size), 'y'], snapshot.index)
        else if (what === 'replace') store.append(Math.max(applied, last.index - 2), ++term, ['z'], applied)
        else if (what === 'vote') store.vote(++term, size % 2 ? 'n1' : undefined)
        else if (what === 'save') {
          store.settle()
          store.save(last.index, 's'.repeat(size))
        } else if (what === 'install') store.install({ index: last.index + 5, term: ++term }, 'i'.repeat(size))
        else {
          if (what === 'reopen') store.close()
          else store.disk.crash(size % 2 ? 'power' : 'power-worst')
          store.open()
          store.checkRestored()
          expect(store.storage.restored.hard.lost).toBeUndefined()
          store.adopt()
          term = Math.max(term, store.last.term)
        }
        for (let i = 0; i < syncs; i++) store.disk.completeSyncs()
      }
    }),
    { numRuns: 200 },
  )
})
