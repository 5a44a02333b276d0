import { dirname } from 'node:path'
import { JsonFieldError } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { JsonSyntaxError, parseJson } from '../../codec/json/parse-json.ts'
import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'

/** A state file and its .bak are both damaged. Starting without them would lose metadata without a word. */
export class DamagedStateError extends Error {
  override readonly name = 'DamagedStateError'
}

/**
 * One of the store's config/*.json files. The content before the last write is kept as `.bak`, which is read when the
 * file itself is missing, empty or damaged (the rule of Apache RocketMQ's ConfigManager).
 */
export class StateFile {
  readonly path: string
  readonly #disk: Disk
  readonly #logger: Logger

  constructor(disk: Disk, path: string, logger: Logger) {
    this.#disk = disk
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
    this.#disk.makeFolder(dirname(this.path))
    writeFileAtomic(this.#disk, this.path, Buffer.from(text))
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
