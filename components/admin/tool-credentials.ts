import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from '../../runtime/auth/remoting/signed-content.ts'
import { readToolsYml } from '../../runtime/bin/read-tools-yml.ts'

let ofThisProcess: { readonly credentials: Credentials | undefined } | undefined

/**
 * In whose name this program asks nodes that check who asks (docs/acl.md): the keys of $ROCKETMQ_HOME/conf/tools.yml, as
 * for mqadmin.
 * @throws Error saying what is wrong with the file
 */
export function toolCredentials(): Credentials | undefined {
  ofThisProcess ??= { credentials: read(process.env['ROCKETMQ_HOME']) }
  return ofThisProcess.credentials
}

function read(rocketmqHome: string | undefined): Credentials | undefined {
  const path = rocketmqHome === undefined ? undefined : join(rocketmqHome, 'conf/tools.yml')
  return path !== undefined && existsSync(path) ? readToolsYml(path) : undefined
}
