import { RequestError } from '../codec/remoting/request-error.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import { changeNamesrvConf, type NamesrvConf, printNamesrvConf } from '../config/namesrv-conf.ts'
import { updatePropertiesFile } from '../config/properties-file.ts'
import type { Disk } from '../io/disk.ts'

/** The configuration in force and its changes at run time. */
export class LiveConf {
  readonly #disk: Disk
  readonly #env: ConfEnv
  readonly #pending = new Map<string, string>()
  readonly #onChanged: () => void
  #conf: NamesrvConf

  constructor(conf: NamesrvConf, env: ConfEnv, disk: Disk, onChanged: () => void) {
    this.#conf = conf
    this.#env = env
    this.#disk = disk
    this.#onChanged = onChanged
  }

  get conf(): NamesrvConf {
    return this.#conf
  }

  /** key=value lines; values that wait for a restart in place of the current ones. */
  text(): string {
    return printNamesrvConf(this.#conf, this.#pending)
  }

  /**
   * Saves changes and puts in force those that can be. Returns the remark for the answer.
   * @throws RequestError when one of them is forbidden, wrong or cannot be saved; none is made then
   */
  change(changes: ReadonlyMap<string, string>): string | undefined {
    const change = changeNamesrvConf(this.#conf, changes, this.#env)
    if (!change.ok) {
      const code = change.reason === 'forbidden' ? ResponseCode.NO_PERMISSION : ResponseCode.SYSTEM_ERROR
      throw new RequestError(code, change.message)
    }
    const path = this.#conf.configStorePath
    try {
      updatePropertiesFile(this.#disk, path, changes)
    } catch (error) {
      const remark = `cannot save the configuration to ${path}: ${(error as Error).message}`
      throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
    }
    for (const key of change.afterRestart) this.#pending.set(key, changes.get(key)!)
    this.#conf = change.conf
    this.#onChanged()
    return change.remark
  }
}
