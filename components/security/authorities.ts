import type { TlsConfig } from '../plan/schema/security-config.ts'
import type { KeyAndCert } from './certificate-facts.ts'
import { newAuthority } from './certificates.ts'

/** An authority of a cluster, of one generation. */
export interface Authority extends KeyAndCert {
  readonly generation: number
}

/** The generations that a cluster trusts, the one it shows first. */
const trustedGenerations = ({ generation, announceNext, trustPrevious }: TlsConfig): number[] => [
  generation,
  ...(announceNext ? [generation + 1] : []),
  ...(trustPrevious && generation > 1 ? [generation - 1] : []),
]

/**
 * The authorities that a cluster trusts, the one that signs first: those it has, and those that are new. An earlier one that is not
 * there is not made any more.
 * @param cluster its name, which authorities carry
 */
export function authoritiesOf(
  known: readonly Authority[],
  tls: TlsConfig,
  cluster: string,
  nowMs: number,
): readonly [Authority, ...Authority[]] {
  const find = (generation: number) => known.find((authority) => authority.generation === generation)
  const make = (generation: number): Authority => ({
    generation,
    ...newAuthority(`${cluster} authority ${generation}`, nowMs),
  })
  const [generation = 1, ...others] = trustedGenerations(tls)
  const further = others.flatMap((each) => find(each) ?? (each > generation ? [make(each)] : []))
  return [find(generation) ?? make(generation), ...further]
}

/** The certificates of authorities as one text, as those who trust them want it. */
export const bundle = (authorities: readonly KeyAndCert[]): string => authorities.map(({ cert }) => cert).join('')
