import type { Logger } from './logger.ts'

type Level = keyof Logger

/** Keeps lines until there is a logger: loading one takes time that a server has better uses for when it starts. */
export class DeferredLogger implements Logger {
  #lines: { level: Level; fields: object; message: string }[] = []
  #logger: Logger | undefined

  attach(logger: Logger): void {
    this.#logger = logger
    for (const { level, fields, message } of this.#lines) logger[level](fields, message)
    this.#lines = []
  }

  debug(fields: object, message: string): void {
    this.#log('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#log('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#log('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#log('error', fields, message)
  }

  #log(level: Level, fields: object, message: string): void {
    if (this.#logger !== undefined) this.#logger[level](fields, message)
    else this.#lines.push({ level, fields, message })
  }
}
