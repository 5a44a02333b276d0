import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** A key pair as the metadata service hands it out. */
export interface AccessKey {
  readonly id: string
  readonly secret: string
  readonly token: string
}

export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/**
 * Checks an AWS Signature Version 4 in the Authorization header, as AWS describes it ("Signature Version 4 signing process").
 * @returns what is wrong, or ''
 */
export function signatureFault({ method, path, headers, body }: SignedRequest, key: AccessKey): string {
  const pattern = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/
  const [, id, scope = '', names = '', signature] = pattern.exec(headers.authorization ?? '') ?? []
  if (id !== key.id) return `unknown key ${id}`
  if (headers['x-amz-security-token'] !== key.token) return 'wrong session token'
  if (headers['x-amz-content-sha256'] !== sha256(body)) return 'the body is not the one that was signed'
  for (const needed of ['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']) {
    if (!names.split(';').includes(needed)) return `${needed} is not signed`
  }
  const lines = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const [pathname = '', query = ''] = path.split('?')
  const canonical = [method, pathname, query, lines.join(''), names, sha256(body)].join('\n')
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  const signingKey = scope.split('/').reduce<string | Buffer>((known, part) => hmac(known, part), `AWS4${key.secret}`)
  return hmac(signingKey, text).toString('hex') === signature ? '' : 'the signature is wrong'
}
