import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../components/plan/plan.ts'
import { engineBin, launcherNames } from '../components/platform/process/node-launch.ts'
import { UserError } from './user-error.ts'

/** @throws UserError when a program that nodes of the plan run is not there or cannot be executed. */
export function checkPrograms({ nodes, programs }: Plan): void {
  const kinds = new Set(nodes.filter(({ engine }) => engine === 'gantry').map(({ kind }) => kind))
  for (const path of [...kinds].map((kind) => join(programs.runtimeBin ?? engineBin, launcherNames[kind]))) {
    try {
      accessSync(path, constants.X_OK)
    } catch {
      throw new UserError(`there is no executable ${path}: --runtime-bin names a folder with mqnamesrv and mqbroker`)
    }
  }
  if (!nodes.some(({ engine }) => engine === 'apache')) return
  const lib = join(programs.apacheHome ?? '', 'lib')
  if (!existsSync(lib)) throw new UserError(`there is no folder ${lib}: platform.process.apacheHome names a release`)
}
