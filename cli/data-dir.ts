import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { dataDirFiles } from '../components/platform/process/cluster-state.ts'
import { lockHolder } from '../components/platform/process/data-dir-lock.ts'
import { stackNameOf } from './stack-name.ts'
import { UserError } from './user-error.ts'

const dataRoot = '.gantry'

/** Which data dir a user means; `stack` is a name or a path, as for `up`. */
export interface DataDirChoice {
  readonly stack?: string | undefined
  readonly dataDir?: string | undefined
}

export function dataDirOf(stackName: string, dataDir: string | undefined): string {
  return resolve(dataDir ?? join(dataRoot, stackName))
}

/** Data dirs of clusters that were started from this folder, or the one chosen. */
export function chosenDataDirs({ stack, dataDir }: DataDirChoice): string[] {
  if (dataDir !== undefined) return [resolve(dataDir)]
  if (stack !== undefined) return [dataDirOf(stackNameOf(stack), undefined)]
  if (!existsSync(dataRoot)) return []
  return readdirSync(dataRoot)
    .map((name) => resolve(dataRoot, name))
    .filter((folder) => existsSync(dataDirFiles(folder).state))
    .sort()
}

/** The one data dir meant: the only one, or the only one that is running. @throws UserError when that is unclear. */
export function onlyDataDir(choice: DataDirChoice): string {
  const all = chosenDataDirs(choice)
  const running = all.filter((dataDir) => lockHolder(dataDir) !== undefined)
  const [dataDir, ...others] = running.length > 0 ? running : all
  if (dataDir === undefined) {
    throw new UserError(`no cluster was started from ${resolve('')}. Start one with "gantry up <stack>".`)
  }
  if (others.length === 0) return dataDir
  const names = [dataDir, ...others].map((folder) => relative(dataRoot, folder))
  throw new UserError(`there are several clusters here: ${names.join(', ')}. Name the stack.`)
}
