import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { dataDirFiles, formerFolders, readPlan } from './cluster-state.ts'

/**
 * Removes what the cluster of a data dir has written, messages and nodes that rollouts have taken out included, and the folder itself if nothing else is in it:
 * somebody may have chosen a folder that holds other things.
 * @returns names of what is left there.
 */
export function purgeDataDir(dataDir: string): readonly string[] {
  const nodeFolders = [...(readPlan(dataDir)?.nodes.map((node) => node.dataDir) ?? []), ...formerFolders(dataDir)]
  const own = Object.values(dataDirFiles(dataDir))
  for (const path of [...nodeFolders, ...own]) rmSync(path, { recursive: true, force: true })
  for (const folder of new Set([...nodeFolders.map((path) => dirname(path)), dataDir])) {
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
  }
  return existsSync(dataDir) ? readdirSync(dataDir) : []
}
