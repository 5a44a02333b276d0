import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file as a block device: what a volume is to a machine. */
export class DataDisk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gantry-disk-'))
  readonly #file = join(this.#folder, 'disk')
  readonly device: string

  constructor(sizeMiB: number) {
    writeFileSync(this.#file, '')
    truncateSync(this.#file, sizeMiB * 2 ** 20)
    this.device = execFileSync('losetup', ['--find', '--show', this.#file], { encoding: 'utf8' }).trim()
  }

  grow(sizeMiB: number): void {
    truncateSync(this.#file, sizeMiB * 2 ** 20)
    execFileSync('losetup', ['--set-capacity', this.device])
  }

  remove(): void {
    execFileSync('losetup', ['--detach', this.device])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
