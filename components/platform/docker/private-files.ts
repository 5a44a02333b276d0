import { givenConf, givenConfPath } from '../../../runtime/bin/given-conf.ts'
import { containerDataDir } from '../../plan/docker-hosts.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { nodeTlsFiles } from '../../plan/security/tls-properties.ts'
import { lacksSecrets } from '../../security/fill-secrets.ts'
import type { NodeRequest } from '../node-platform.ts'
import { containerUsers } from './container-args.ts'
import type { EngineClient } from './engine/engine-client.ts'
import type { TarEntry } from './engine/tar.ts'
import { intoVolume, type NodeVolume } from './engine/volume-files.ts'

/*
 * What a stack's `security` gives to a node, and what else is secret in its conf file, is in files of its volume, for the node's user alone: Docker shows variables, commands
 * and labels of a container to whoever may look at it (docs/decisions/0018-secrets-of-containers.md).
 */

/** The variable that says which text counts, where the conf file comes in a file: runtime/bin/given-conf.ts. */
export const givenVariable = 'GANTRY_CONF_FOR'

/** Whether a node has secrets: of its stack's `security`, for which words stand in its place, or in values of its conf file. */
export const hasSecrets = ({ place, isConfPrivate }: Pick<NodeRequest, 'place' | 'isConfPrivate'>): boolean =>
  place.tls !== undefined || lacksSecrets(place.confFile.text) || (isConfPrivate === true && place.engine === 'gantry')

export interface GivenText {
  /** What tells its container from others of the node. */
  readonly madeFor: string
  /** Of the conf file. */
  readonly text: string
}

const ownerOnly = 0o600
const ownerOnlyFolder = 0o700

/** The node's files, by their paths in the volume. Key and certificates that are missing from `node` are not among them. */
export function privateFiles(node: PlanNode, { madeFor, text }: GivenText): TarEntry[] {
  const { confFile, tls, pems, engine } = node
  const [uid = 0, gid = 0] = containerUsers[engine].split(':').map(Number)
  const owner = { uid, gid }
  const pathIn = (path: string): string => path.slice(containerDataDir.length + 1)
  const file = (path: string, content: string): TarEntry => ({
    path: pathIn(path),
    content: { text: content, mode: ownerOnly, owner },
  })
  const { key, cert, trusted, properties } = nodeTlsFiles(node)
  const folder = `${pathIn(properties.slice(0, properties.lastIndexOf('/')))}/`
  return [
    ...(tls === undefined ? [] : [{ path: folder, content: { folderMode: ownerOnlyFolder, owner } }]),
    ...(pems === undefined ? [] : [file(trusted, pems.trusted), file(key, pems.key), file(cert, pems.cert)]),
    ...(tls === undefined ? [] : [file(tls.path, tls.text)]),
    // The last, for without it no container starts by what is there.
    file(givenConfPath(confFile.path), givenConf(madeFor, text)),
  ]
}

/** Puts them into the volume. A node that runs reads new certificates by itself, and the rest when it starts the next time. */
export const writePrivateFiles = (
  engine: EngineClient,
  volume: NodeVolume,
  node: PlanNode,
  given: GivenText,
): Promise<void> => intoVolume(engine, volume, containerDataDir, privateFiles(node, given))
