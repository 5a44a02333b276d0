import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A private key and its certificate, in PEM format. */
export interface KeyAndCert {
  readonly key: string
  readonly cert: string
}

/** What a certificate is to say. */
export interface CertificateRequest {
  /** Common name. */
  readonly name: string
  /** Names and IP addresses under which its owner is reached. */
  readonly addresses: readonly string[]
  readonly validDays: number
}

/** When a certificate ends, ms since 1970. */
export const endOf = (cert: string): number => new X509Certificate(cert).validToDate.getTime()

/** Whether an authority has signed a certificate. */
export function isSignedBy(cert: string, authority: string): boolean {
  const [one, other] = [new X509Certificate(cert), new X509Certificate(authority)]
  return one.checkIssued(other) && one.verify(other.publicKey)
}

/** Whether a certificate is of a private key, and is for these names. */
export function isFor({ key, cert }: KeyAndCert, { name, addresses }: CertificateRequest): boolean {
  const parsed = new X509Certificate(cert)
  const isKnown = (address: string) =>
    (isIP(address) ? parsed.checkIP(address) : parsed.checkHost(address, { subject: 'never' })) !== undefined
  return parsed.subject === `CN=${name}` && parsed.checkPrivateKey(createPrivateKey(key)) && addresses.every(isKnown)
}
