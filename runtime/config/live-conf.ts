import { RequestError } from '../codec/remoting/request-error.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { Disk } from '../io/disk.ts'
import { changeConf } from './conf-change.ts'
import type { Conf, ConfEnv, KeyTable } from './conf-key.ts'
import { type ConfTable, printConf } from './conf-table.ts'
import { parseProperties, updatePropertiesFile } from './properties-file.ts'

export interface LiveConfOptions<T extends KeyTable> {
  readonly table: ConfTable<T>
  readonly conf: Conf<T>
  readonly env: ConfEnv
  readonly disk: Disk
  /** File that changes are saved to. */
  readonly file: string
  /** Keys nobody may change over the wire. */
  readonly blackList: readonly string[]
  readonly onChanged?: () => void
}

/** The configuration in force and its changes at run time. */
export class LiveConf<T extends KeyTable> {
  readonly #options: LiveConfOptions<T>
  readonly #pending = new Map<string, string>()
  #conf: Conf<T>

  constructor(options: LiveConfOptions<T>) {
    this.#options = options
    this.#conf = options.conf
  }

  get conf(): Conf<T> {
    return this.#conf
  }

  /** key=value lines; values that wait for a restart in place of the current ones. */
  text(): string {
    return printConf(this.#options.table, this.#conf, this.#pending)
  }

  /**
   * Saves the changes in properties text and puts in force those that can be. Returns the keys and the remark for the
   * answer.
   * @throws RequestError when one of them is forbidden, wrong or cannot be saved; none is made then
   */
  change(text: string): { readonly keys: readonly string[]; readonly remark: string | undefined } {
    const { entries, faults } = parseProperties(text)
    const [fault] = faults
    if (fault) {
      const remark = `string2Properties error: line ${fault.line}: ${fault.message}`
      throw new RequestError(ResponseCode.SYSTEM_ERROR, remark)
    }
    const changes = new Map(entries.map(({ key, value }) => [key, value]))
    const remark = changes.size === 0 ? undefined : this.#make(changes)
    return { keys: [...changes.keys()], remark }
  }

  #make(changes: ReadonlyMap<string, string>): string | undefined {
    const { table, blackList, env, onChanged } = this.#options
    const change = changeConf(table, this.#conf, changes, blackList, env)
    if (!change.ok) {
      const code = change.reason === 'forbidden' ? ResponseCode.NO_PERMISSION : ResponseCode.SYSTEM_ERROR
      throw new RequestError(code, change.message)
    }
    this.#save(changes)
    for (const key of change.afterRestart) this.#pending.set(key, changes.get(key)!)
    this.#conf = change.conf
    onChanged?.()
    return change.remark
  }

  #save(changes: ReadonlyMap<string, string>): void {
    const { disk, file } = this.#options
    try {
      updatePropertiesFile(disk, file, changes)
    } catch (error) {
      const remark = `cannot save the configuration to ${file}: ${(error as Error).message}`
      throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
    }
  }
}
