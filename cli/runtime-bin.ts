import { accessSync, constants } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { engineLaunchers, type Launchers } from '../components/platform/process/node-launch.ts'
import { UserError } from './user-error.ts'

export const engineBin = dirname(engineLaunchers.broker)

/**
 * The launchers in a folder laid out like the engine's own `runtime/bin`.
 * @throws UserError when one is missing or cannot be executed.
 */
export function launchersIn(folder: string): Launchers {
  const launchers = { nameServer: join(resolve(folder), 'mqnamesrv'), broker: join(resolve(folder), 'mqbroker') }
  for (const path of Object.values(launchers)) {
    try {
      accessSync(path, constants.X_OK)
    } catch {
      throw new UserError(`there is no executable ${path}: --runtime-bin names a folder with mqnamesrv and mqbroker`)
    }
  }
  return launchers
}
