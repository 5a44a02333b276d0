import { AdminClient } from '../../components/admin/admin-client.ts'
import { type AccessSecrets, ToolAccess, withToolAccess } from '../../components/admin/tool-access.ts'
import type { AdminCredentials, ClientCertificate } from '../../components/index.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'

/** What a program that has the stack's outputs connects with. */
export function secretsOf(outputs: Record<string, unknown>): AccessSecrets {
  const client = outputs['clientCertificate'] as ClientCertificate
  const credentials = outputs['adminCredentials'] as AdminCredentials
  return { tls: { ...client, trusted: String(outputs['caCertificates']) }, credentials }
}

/** Sends a message for the topic orders to a master. @throws Error when it is not taken */
export async function sendTo(address: string, secrets: AccessSecrets): Promise<void> {
  const client = withToolAccess(new ToolAccess(secrets), () => new AdminClient(5000))
  const fields = { a: 'pg', b: 'orders', c: 'TBW102', d: 4, e: 0, f: 0, g: Date.now(), h: 0, i: '', j: 0 }
  const request = { code: RequestCode.SEND_MESSAGE_V2, fields: { ...fields, k: false, m: false } }
  try {
    await client.ask(address, { ...request, body: Buffer.from('hello') })
  } finally {
    client.close()
  }
}
