import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Implementation } from '../../../dynamic/implementation.ts'

export interface DataFolderInputs {
  /** Absolute. */
  readonly path: string
  /** Id of the node whose files it holds. */
  readonly node: string
}

/** Marks a folder as ours, so that nothing else is ever removed. */
const markerName = '.gantry-node'
const marker = (path: string): string => join(path, markerName)

/** The folder a node keeps its files in. It outlives the node: only an explicit delete removes it. */
export const dataFolderImplementation: Implementation<DataFolderInputs, DataFolderInputs> = {
  problems(news, olds) {
    if (olds === undefined || olds.path === news.path || !hasFiles(olds.path) || hasFiles(news.path)) return []
    const reason =
      `the files of ${news.node} are in ${olds.path}, and it would start without them in ${news.path}. Set dataDir back; or ` +
      `move them: stop the process of ${news.node}, mv ${olds.path} ${news.path}, and run this again. ` +
      `To give them up, remove ${olds.path} first`
    return [{ property: 'path', reason }]
  },
  async diff(olds, news) {
    return {
      changes: olds.path !== news.path || olds.node !== news.node || !existsSync(marker(news.path)),
      replaces: olds.path === news.path ? [] : ['path'],
    }
  },
  async create(news) {
    return { id: news.path, outs: makeFolder(news) }
  },
  async read(_, known) {
    return existsSync(known.path) ? known : undefined
  },
  async update(_, news) {
    return makeFolder(news)
  },
  async delete({ path }) {
    if (!existsSync(path)) return
    if (!existsSync(marker(path))) {
      throw new Error(`${path} has no ${markerName}, so gantry did not make it: remove it by hand if it may go`)
    }
    rmSync(path, { recursive: true })
  },
}

/** Whether a node has run there. */
function hasFiles(path: string): boolean {
  return existsSync(path) && readdirSync(path).some((name) => name !== markerName)
}

function makeFolder({ path, node }: DataFolderInputs): DataFolderInputs {
  mkdirSync(path, { recursive: true })
  writeFileSync(marker(path), `${node}\n`)
  return { path, node }
}
