import { isLoopback } from '../plan/address.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import { type CertificateRequest, endOf, isFor, isSignedBy, type KeyAndCert } from './certificate-facts.ts'
import { newCertificate } from './certificates.ts'

const dayMs = 86_400_000
/** What has less than this part of its days left is made anew. */
const leftMin = 1 / 3

type CertifiedNode = Pick<PlanNode, 'id' | 'address' | 'advertisedAddress'> & {
  /** Further ones that it is reached by. */
  readonly names?: readonly string[]
}

/** What a node's certificate is to say. */
export const certificateOfNode = (
  { id, address, advertisedAddress, names: further = [] }: CertifiedNode,
  validDays: number,
): CertificateRequest => {
  const names = [address, advertisedAddress, ...(isLoopback(address) ? ['localhost'] : []), ...further]
  return { name: id, addresses: [...new Set(names)], validDays }
}

/** When a certificate is due to be made anew, ms since 1970. */
export const renewsAt = (cert: string, validDays: number): number => endOf(cert) - validDays * dayMs * leftMin

/** Whether a certificate can stay: of this authority, for these names, and for long enough. */
const isGood = (pair: KeyAndCert, authority: KeyAndCert, request: CertificateRequest, nowMs: number): boolean =>
  isSignedBy(pair.cert, authority.cert) && isFor(pair, request) && nowMs < renewsAt(pair.cert, request.validDays)

/** The certificate that is there if it can stay, or a new one with a new key. */
export const renewed = (
  known: KeyAndCert | undefined,
  authority: KeyAndCert,
  request: CertificateRequest,
  nowMs: number,
): KeyAndCert =>
  known !== undefined && isGood(known, authority, request, nowMs) ? known : newCertificate(authority, request, nowMs)
