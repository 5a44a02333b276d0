import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ClusterCredentials } from '../../../security/credentials.ts'
import { generationMark, newCredentials } from '../../../security/credentials.ts'
import { makePrivateFolder, writePrivate } from './private-files.ts'
import { secretFiles } from './secret-files.ts'

/** Keys of a cluster, by generation. More than those in use while it goes from one generation to another. */
export interface KeyRing {
  /** Whose keys tools sign with. */
  readonly inUse: number
  readonly byGeneration: ReadonlyMap<number, ClusterCredentials>
}

/** As a file has it: those in use by themselves, as ever; the rest is there only while there is more to say. */
interface KeyRingFile extends ClusterCredentials {
  readonly generation?: number
  readonly others?: Readonly<Record<string, ClusterCredentials>>
}

/** @throws Error naming the file when it was changed by hand */
export function readKeyRing(dataDir: string): KeyRing | undefined {
  const path = secretFiles(dataDir).credentials
  if (!existsSync(path)) return undefined
  let content: Partial<KeyRingFile>
  try {
    content = JSON.parse(readFileSync(path, 'utf8')) as Partial<KeyRingFile>
  } catch (error) {
    // The error of the parser shows what it has read.
    throw new Error(`${path} is no JSON: put back what gantry wrote`, { cause: (error as Error).name })
  }
  const { generation: inUse = 1, others = {} } = content
  const byGeneration = new Map([[inUse, pairOf(path, content)]])
  for (const [generation, pair] of Object.entries(others)) byGeneration.set(Number(generation), pairOf(path, pair))
  return { inUse, byGeneration }
}

function pairOf(path: string, { admin, servers }: Partial<ClusterCredentials>): ClusterCredentials {
  if (typeof admin?.secretKey !== 'string' || typeof servers?.secretKey !== 'string') {
    throw new Error(`${path} lacks the keys of admin or servers: put back what gantry wrote`)
  }
  return { admin, servers }
}

/** Writes them for gantry, in one step, then the ones in use for mqadmin. */
export function writeKeyRing(dataDir: string, { inUse, byGeneration }: KeyRing): void {
  const { credentials, tools } = secretFiles(dataDir)
  const { admin, servers } = keysIn({ inUse, byGeneration }, inUse)
  const others = [...byGeneration].filter(([generation]) => generation !== inUse)
  const content: KeyRingFile = {
    ...(inUse === 1 ? {} : { generation: inUse }),
    ...{ admin, servers },
    ...(others.length === 0 ? {} : { others: Object.fromEntries(others) }),
  }
  writePrivate(credentials, `${JSON.stringify(content, null, 2)}\n`)
  makePrivateFolder(join(tools.folder, 'conf'))
  writePrivate(tools.toolsYml, stringify(admin))
}

/** @throws Error when there are none of this generation */
export function keysIn({ byGeneration }: KeyRing, generation: number): ClusterCredentials {
  const keys = byGeneration.get(generation)
  if (keys === undefined) throw new Error(`there are no keys of generation ${generation}: run "gantry up" once more`)
  return keys
}

/** @throws Error naming the file when it is not there */
export function knownKeyRing(dataDir: string): KeyRing {
  const ring = readKeyRing(dataDir)
  if (ring !== undefined) return ring
  const { credentials: path } = secretFiles(dataDir)
  throw new Error(`${path} is not there any more: put it back, or bring the cluster down and up again`)
}

const madeFor = (generation: number): ClusterCredentials => newCredentials(generationMark(generation))

/** With keys of a generation; those that are there stay as they are. */
export function withKeys(ring: KeyRing | undefined, generation: number): KeyRing {
  if (ring === undefined) return { inUse: generation, byGeneration: new Map([[generation, madeFor(generation)]]) }
  if (ring.byGeneration.has(generation)) return ring
  return { ...ring, byGeneration: new Map(ring.byGeneration).set(generation, madeFor(generation)) }
}

/** Without those of a generation that is not in use. */
export function withoutKeys(ring: KeyRing, generation: number): KeyRing {
  return { ...ring, byGeneration: new Map([...ring.byGeneration].filter(([each]) => each !== generation)) }
}
