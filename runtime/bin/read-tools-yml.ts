import { readFileSync } from 'node:fs'
import type { Credentials } from '../auth/remoting/signed-content.ts'
import { HmacKey } from '../io/hmac-sha1.ts'
import { readYaml } from './read-yaml.ts'

/**
 * `accessKey` and `secretKey` of a tools.yml; undefined when both are missing, as in the file that comes with Apache RocketMQ
 * with its lines commented out.
 * @throws Error saying what is wrong with the file
 */
export function readToolsYml(path: string): Credentials | undefined {
  const content = readYaml(path, readFileSync(path, 'utf8'))
  if (content === null || content === '') return undefined
  if (typeof content !== 'object' || Array.isArray(content))
    throw new Error(`${path} holds no keys; write accessKey: and secretKey:`)
  const { accessKey, secretKey } = content
  if (accessKey === undefined && secretKey === undefined) return undefined
  if (
    typeof accessKey !== 'string' ||
    typeof secretKey !== 'string' ||
    accessKey.trim() === '' ||
    secretKey.trim() === ''
  ) {
    throw new Error(`${path}: accessKey and secretKey are both needed, and are texts`)
  }
  return { accessKey, key: new HmacKey(secretKey) }
}
