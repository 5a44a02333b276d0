import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { StoreFixture } from '../testing/store-fixture.ts'

/** Files by their path below `compaction`, gzipped, in base64. */
type Files = Readonly<Record<string, string>>

const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/files.json'), 'utf8')) as {
  readonly conf: { readonly compactionCqMappedFileSize: number; readonly compactionMappedFileSize: number }
  readonly rolled: Files
  readonly compacted: Files
}
const ROOT = '/store/compaction'

const unpacked = (files: Files): [string, Buffer][] =>
  Object.entries(files).map(([path, content]) => [path, gunzipSync(Buffer.from(content, 'base64'))])

/** A store whose commit log has none of the messages any more. */
function opened(files: Files): StoreFixture {
  const disk = new SimDisk({ syncs: 'manual' })
  for (const [path, content] of unpacked(files)) {
    disk.makeFolder(`${ROOT}/${path.slice(0, path.lastIndexOf('/'))}`)
    disk.writeFile(`${ROOT}/${path}`, content)
  }
  const fixture = new StoreFixture({ ...golden.conf, compactionScheduleInternal: 1000 }, disk)
  fixture.store.compaction.declare(['T'])
  return fixture
}

function read(fixture: StoreFixture): string[] {
  const { store } = fixture
  const found: string[] = []
  const { maxOffset } = store.findQueue('T', 0)!
  for (let offset = 0; offset < maxOffset; offset = store.lastPull.nextOffset) {
    for (const one of fixture.pull('T', 0, offset, 32).messages) {
      found.push(`${one.queueOffset} ${one.properties.get('KEYS')} ${one.body}`)
    }
  }
  return found
}

const keyOf = (i: number) => (i === 5 ? 'k3' : i < 38 && i % 11 === 4 ? 'k4' : `k${i % 3}`)

test("what Apache's broker has written is read", () => {
  expect(read(opened(golden.rolled))).toEqual(Array.from({ length: 70 }, (_, i) => `${i} ${keyOf(i)} v${i}`))
  const left = read(opened(golden.compacted))
  expect(left.length).toBeLessThan(30)
  expect(left.slice(0, 2)).toEqual(['5 k3 v5', '37 k4 v37'])
})

test("compacted, it becomes to the byte what Apache's broker makes of it", () => {
  const fixture = opened(golden.rolled)
  for (let i = 0; i < 60; i++) {
    fixture.clock.nowMs += 100
    fixture.flush()
    fixture.store.tick(fixture.clock.nowMs)
  }
  for (const [path, content] of unpacked(golden.compacted)) {
    expect(fixture.disk.readFile(`${ROOT}/${path}`).equals(content), path).toBe(true)
  }
  for (const kind of ['compactionLog', 'compactionCq']) {
    const names = Object.keys(golden.compacted).filter((path) => path.startsWith(kind))
    expect(fixture.disk.list(`${ROOT}/${kind}/T/0`).map((name) => `${kind}/T/0/${name}`)).toEqual(names.sort())
  }
})
