import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engineOf } from './engine/engine-of.ts'
import { FakeEngine } from './testing/fake-engine.ts'
import { giveVolume, type OwnedVolume, ownerCommand } from './volume-owner.ts'

const volume: OwnedVolume = { name: 'data', owner: '3000:3000', image: 'image', engine: 'apache' }

describe('on an engine', () => {
  let engine: FakeEngine
  beforeEach(async () => {
    engine = await FakeEngine.start()
  })
  afterEach(() => engine.stop())

  const give = (timeoutMs = 10_000) => giveVolume(engineOf({ host: engine.host }), volume, timeoutMs)

  it('changes nothing of a volume that is the user’s', async () => {
    engine.owners.set('data', '3000:3000')
    await give()
    expect(engine.done).toEqual(['create data-owner', 'remove data-owner'])
  })

  it('changes another user’s, one that is new, and one that was half changed', async () => {
    for (const owner of ['10001:10001', '0:0']) {
      engine.owners.set('data', owner)
      engine.done.length = 0
      await give()
      expect(engine.owners.get('data')).toBe('3000:3000')
      expect(engine.done).toEqual(['create data-owner', 'start data-owner', 'remove data-owner'])
    }
  })

  it('begins with what a run that was cut short has left', async () => {
    engine.add({ name: 'data-owner', volume: 'data' })
    await give()
    expect(engine.done[0]).toBe('remove data-owner')
    expect([...engine.containers]).toEqual([])
  })

  it('touches nothing that a container runs with', async () => {
    engine.add({ name: 'somebody', volume: 'data' })
    await expect(give()).rejects.toThrow(
      'the files of volume data were not given to user 3000:3000: somebody runs with it; stop it and run this again',
    )
    expect(engine.done).toEqual(['create data-owner', 'remove data-owner'])
  })

  it('says why it failed, and what to do when it takes too long; nothing is left', async () => {
    engine.outcome = 'fails'
    await expect(give()).rejects.toThrow('exit code 1: chown: not permitted')
    engine.outcome = 'hangs'
    await expect(give(0)).rejects.toThrow('it took too long; give it more time (platform.readyTimeoutSeconds)')
    expect([...engine.containers]).toEqual([])
    engine.outcome = 'done'
    await give()
    expect(engine.owners.get('data')).toBe('3000:3000')
  })
})

/** Owners may be changed by root alone. */
describe.runIf(process.getuid?.() === 0)('what runs in the container', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-owner-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it.each(['gantry', 'apache'] as const)(
    '%s: gives all files away, links themselves, and nothing outside',
    (engine) => {
      const [top, outside] = [join(folder, 'top of it'), join(folder, 'outside')]
      mkdirSync(join(top, 'store/.hidden/deep'), { recursive: true, mode: 0o700 })
      writeFileSync(outside, 'not touched')
      const files = ['broker.conf', '.mark', '..two dots', "store/it's a file", 'store/.hidden/deep/0']
      for (const file of files) writeFileSync(join(top, file), '', { mode: 0o600 })
      symlinkSync(outside, join(top, 'link'))
      symlinkSync('nowhere', join(top, 'store/broken'))
      const [program = '', ...args] = ownerCommand(engine, top, '12345:23456')
      const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
      for (const path of ['', 'store', 'store/.hidden', 'store/.hidden/deep', 'link', 'store/broken', ...files]) {
        const { uid, gid } = lstatSync(join(top, path))
        expect([path, uid, gid]).toEqual([path, 12345, 23456])
      }
      expect([lstatSync(outside).uid, readFileSync(outside, 'utf8')]).toEqual([0, 'not touched'])
    },
  )

  it.each(['gantry', 'apache'] as const)('%s: an empty folder, and none', (engine) => {
    const run = (top: string) => {
      const [program = '', ...args] = ownerCommand(engine, top, '12345:12345')
      return spawnSync(program, args).status
    }
    expect(run(folder)).toBe(0)
    expect(lstatSync(folder).uid).toBe(12345)
    expect(run(join(folder, 'none'))).toBe(1)
  })
})
