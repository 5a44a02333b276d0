import { dirname } from 'node:path'
import { JsonFieldError } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { JsonSyntaxError, parseJson } from '../../codec/json/parse-json.ts'
import type { Disk, DiskFile, OpenMode } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'

/** A state file and its .bak are both damaged. Starting without them would lose metadata without a word. */
export class DamagedStateError extends Error {
  override readonly name = 'DamagedStateError'
}

/**
 * One of the store's config/*.json files. The content before the last write is kept as `.bak`, which is read when the
 * file itself is missing, empty or damaged (the rule of Apache RocketMQ's ConfigManager). That is why a new content, whole
 * and synced under another name, may take the place of the old one in two steps.
 */
export class StateFile {
  readonly path: string
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #mode: OpenMode
  /** Grows with every save: a background save that was overtaken is given up. */
  #saves = 0

  /** `isPrivate`: nobody but the owner may read it. */
  constructor(disk: Disk, path: string, logger: Logger, isPrivate = false) {
    this.#disk = disk
    this.#mode = isPrivate ? 'private' : 'write'
    this.path = path
    this.#logger = logger
  }

  /**
   * Hands the parsed content to `apply`; returns false when there is no file, as at the first start.
   * `apply` must leave nothing half done when it throws JsonFieldError.
   * @throws DamagedStateError when neither file can be read
   */
  load(apply: (content: JsonValue) => void): boolean {
    const problems: string[] = []
    for (const path of [this.path, `${this.path}.bak`]) {
      if (!this.#disk.stat(path)) continue
      const problem = this.#tryLoad(path, apply)
      if (problem === undefined) {
        if (problems.length > 0)
          this.#logger.warn({ problems, used: path }, 'state file is damaged, its backup is used')
        return true
      }
      problems.push(`${path}: ${problem}`)
    }
    if (problems.length === 0) return false
    throw new DamagedStateError(
      `${problems.join('; ')}. Restore one of them from a copy, or remove both to start without what they hold`,
    )
  }

  /** Durable when it returns. @throws the operating system's error */
  save(text: string): void {
    this.#saves++
    const temporary = `${this.path}.tmp`
    const file = this.#write(temporary, text)
    try {
      file.syncDataNow()
    } finally {
      file.close()
    }
    this.#replace(temporary)
    this.#disk.syncFolder(dirname(this.path))
  }

  /**
   * Like `save`, but the device is waited for in the thread pool; a power cut may still leave the content before.
   * `done` gets the error, if any. What cannot even be written throws.
   */
  saveInBackground(text: string, done: (error: Error | null) => void): void {
    const save = ++this.#saves
    const temporary = `${this.path}.next`
    const file = this.#write(temporary, text)
    file.syncData((error) => {
      file.close()
      done(error ?? this.#finish(save, temporary))
    })
  }

  #finish(save: number, temporary: string): Error | null {
    if (save !== this.#saves) return null
    try {
      this.#replace(temporary)
      return null
    } catch (error) {
      return error as Error
    }
  }

  #write(path: string, text: string): DiskFile {
    const content = Buffer.from(text)
    this.#disk.makeFolder(dirname(this.path))
    const file = this.#disk.open(path, this.#mode)
    try {
      file.truncate(0)
      if (content.length > 0) file.write(content, 0, content.length, 0)
      return file
    } catch (error) {
      file.close()
      throw error
    }
  }

  #replace(temporary: string): void {
    if (this.#disk.stat(this.path)) this.#disk.rename(this.path, `${this.path}.bak`)
    this.#disk.rename(temporary, this.path)
  }

  #tryLoad(path: string, apply: (content: JsonValue) => void): string | undefined {
    const text = this.#disk.readFile(path).toString('utf8')
    if (text.trim() === '') return 'empty'
    try {
      apply(parseJson(text))
      return undefined
    } catch (error) {
      if (error instanceof JsonSyntaxError || error instanceof JsonFieldError) return error.message
      throw error
    }
  }
}
