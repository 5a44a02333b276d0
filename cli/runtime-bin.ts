import { dirname, join, resolve } from 'node:path'
import { engineLaunchers, type Launchers } from '../components/platform/process/node-launch.ts'

export const engineBin = dirname(engineLaunchers.broker)

/** The launchers in a folder laid out like the engine's own `runtime/bin`. */
export function launchersIn(folder: string): Launchers {
  return { nameServer: join(resolve(folder), 'mqnamesrv'), broker: join(resolve(folder), 'mqbroker') }
}
