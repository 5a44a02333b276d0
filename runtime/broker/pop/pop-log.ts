import type { CommandView } from '../../codec/remoting/command-view.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'

/** Writes POP requests into the log, for as long as enablePopLog is set. */
export class PopLog {
  readonly #config: Current<{ readonly enablePopLog: boolean }>
  readonly #logger: Logger

  constructor(config: Current<{ readonly enablePopLog: boolean }>, logger: Logger) {
    this.#config = config
    this.#logger = logger
  }

  isEnabled(): boolean {
    return this.#config.current.enablePopLog
  }

  note(request: CommandView, channel: Channel): void {
    const peer = channel.remoteText
    this.#logger.info({ request: requestCodeName(request.code), peer, fields: request.allFields() }, 'POP request')
  }
}
