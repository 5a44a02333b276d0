import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import type { KeyAndCert } from './certificate-facts.ts'
import { certificateOfNode, renewed, renewsAt } from './node-certificate.ts'

export interface NodeCertificateInputs {
  /** Who signs. A secret. */
  readonly authority: KeyAndCert
  readonly node: {
    readonly id: string
    readonly address: string
    readonly advertisedAddress: string
    readonly names?: readonly string[]
  }
  readonly validDays: number
}

/** With the key, which is a secret, and its certificate. */
export interface NodeCertificateOutputs extends NodeCertificateInputs, KeyAndCert {}

/** A node's key and certificate, in the state. Made anew when a third of its days is left. */
export const nodeCertificateImplementation: Implementation<NodeCertificateInputs, NodeCertificateOutputs> = {
  async diff(olds, news) {
    const isSame = ['authority', 'node', 'validDays'].every((key) =>
      isSameValue(olds[key as keyof NodeCertificateInputs], news[key as keyof NodeCertificateInputs]),
    )
    return { changes: !isSame || Date.now() >= renewsAt(olds.cert, news.validDays), replaces: [] }
  },
  async create(news) {
    return { id: news.node.id, outs: certified(news, undefined) }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    return certified(news, olds)
  },
  async delete() {
    // It is in the state only.
  },
}

function certified(news: NodeCertificateInputs, known: KeyAndCert | undefined): NodeCertificateOutputs {
  const pair = known && { key: known.key, cert: known.cert }
  return { ...news, ...renewed(pair, news.authority, certificateOfNode(news.node, news.validDays), Date.now()) }
}
