import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PlainAclFile } from '../auth/plain-acl.ts'
import { readYaml } from './read-yaml.ts'

/**
 * The files of ACL 1.0 in an installation: all of `conf/acl`, then `conf/plain_acl.yml`.
 * @throws Error naming the file that is no YAML
 */
export function readPlainAclFiles(rocketmqHome: string): PlainAclFile[] {
  const conf = join(rocketmqHome, 'conf')
  const paths = [...yamlFilesBelow(join(conf, 'acl')), join(conf, 'plain_acl.yml')].filter((path) => existsSync(path))
  return paths.map((path) => ({ path, content: readYaml(path, readFileSync(path, 'utf8')) }))
}

function yamlFilesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
