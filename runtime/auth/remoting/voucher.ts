import type { CommandView } from '../../codec/remoting/command-view.ts'
import { HmacContent } from '../../io/hmac-sha1.ts'
import type { AccessTables } from '../access-tables.ts'
import { type Credentials, PASSED_ON, SIGNATURE } from './signed-content.ts'

/*
 * A replica that passes a request on to its master vouches for the address the request came from, for policies that
 * speak of addresses. The value of the field:  ADDRESS SPACE ACCESS-KEY SPACE SIGNATURE  over address and the
 * client's own signature, so that it goes with no other request.
 */

const PURPOSE = 'gantry passes on'
const content = new HmacContent()

/** What the field says; without credentials it is `true` and says nothing of the address. */
export function voucherFor(sourceIp: string, clientSignature: string, credentials: Credentials): string {
  put(sourceIp, clientSignature)
  return `${sourceIp} ${credentials.accessKey} ${content.signature(credentials.key)}`
}

/** The address, when a super user vouches for it. */
export function originOf(request: CommandView, tables: AccessTables): string | undefined {
  const [sourceIp, accessKey, signature, more] = (request.text(PASSED_ON) ?? '').split(' ')
  if (sourceIp === undefined || accessKey === undefined || signature === undefined || more !== undefined)
    return undefined
  const account = tables.find(accessKey)
  if (account?.user.type !== 'Super' || account.user.status !== 'enable') return undefined
  put(sourceIp, request.text(SIGNATURE) ?? '')
  const given = Buffer.from(signature)
  return content.isSignature(account.key, given, 0, given.length) ? sourceIp : undefined
}

function put(sourceIp: string, clientSignature: string): void {
  content.clear()
  const bytes = Buffer.from(`${PURPOSE}\n${sourceIp}\n${clientSignature}`)
  content.append(bytes, 0, bytes.length)
}
