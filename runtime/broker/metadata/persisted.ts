import type { Logger } from '../../observe/logger.ts'
import type { StateFile } from './state-file.ts'

/** After a failed write, how long until the next try. */
const RETRY_AFTER_MS = 1000

/**
 * Keeps a table and its file in step. Changes on a data path only mark it; the broker calls `saveIfChanged` at the end of
 * the turn, so that any number of changes is one write, done before the answers of that turn leave. What an
 * administrator asks for is saved at once with `save`, so that a failure becomes the answer.
 */
export class Persisted {
  readonly #file: StateFile
  readonly #render: () => string
  readonly #logger: Logger
  #changed = false
  #retryAtMs = 0
  /** A background save is under way; what it saves is not safe yet. */
  #isSaving = false
  /** What {@link savePrepared} is to save. */
  #prepared: string | undefined

  constructor(file: StateFile, render: () => string, logger: Logger) {
    this.#file = file
    this.#render = render
    this.#logger = logger
  }

  get path(): string {
    return this.#file.path
  }

  get isChanged(): boolean {
    return this.#changed
  }

  markChanged(): void {
    this.#changed = true
  }

  /** @throws the operating system's error; the change stays marked. */
  save(): void {
    this.#changed = true
    this.#prepared = undefined
    this.#file.save(this.#render())
    this.#changed = false
    this.#isSaving = false
  }

  saveIfChanged(nowMs: number): void {
    if ((!this.#changed && !this.#isSaving && this.#prepared === undefined) || this.#mustWait(nowMs)) return
    try {
      this.save()
    } catch (error) {
      this.#failed(nowMs, error)
    }
  }

  /** Takes the content as it is now for {@link savePrepared}. False when there is nothing new, or a save is on its way. */
  prepare(nowMs: number): boolean {
    if (!this.#changed || this.#isSaving || this.#prepared !== undefined || this.#mustWait(nowMs)) return false
    this.#prepared = this.#render()
    this.#changed = false
    return true
  }

  /** For what changes all the time: the event loop does not wait for the device. One save at a time. */
  savePrepared(nowMs: number): void {
    const text = this.#prepared
    if (text === undefined) return
    this.#prepared = undefined
    try {
      this.#isSaving = true
      this.#file.saveInBackground(text, (error) => {
        this.#isSaving = false
        if (error) this.#failed(nowMs, error)
      })
    } catch (error) {
      this.#isSaving = false
      this.#failed(nowMs, error)
    }
  }

  /** Not for longer than was meant, though the clock may have been set back. */
  #mustWait(nowMs: number): boolean {
    return nowMs < this.#retryAtMs && nowMs >= this.#retryAtMs - RETRY_AFTER_MS
  }

  #failed(nowMs: number, error: unknown): void {
    this.#changed = true
    this.#retryAtMs = nowMs + RETRY_AFTER_MS
    this.#logger.error({ file: this.#file.path, err: error }, 'state file not written; trying again')
  }
}
