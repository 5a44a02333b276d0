import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { dataDirFiles, readPlan } from './cluster-state.ts'

/**
 * Removes what the cluster of a data dir has written, messages included, and the folder itself if nothing else is in it:
 * somebody may have chosen a folder that holds other things.
 * @returns names of what is left there.
 */
export function purgeDataDir(dataDir: string): readonly string[] {
  const { state, plan, lock, logs, rollout, rolloutRequest, rolloutEvents } = dataDirFiles(dataDir)
  const own = [logs, lock, state, plan, rollout, rolloutRequest, rolloutEvents]
  const nodeFolders = readPlan(dataDir)?.nodes.map((node) => node.dataDir) ?? []
  for (const path of [...nodeFolders, ...own]) rmSync(path, { recursive: true, force: true })
  for (const folder of new Set([...nodeFolders.map((path) => dirname(path)), dataDir])) {
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
  }
  return existsSync(dataDir) ? readdirSync(dataDir) : []
}
