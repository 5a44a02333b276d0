import type { Implementation } from '../../dynamic/implementation.ts'
import { isSameValue } from '../../dynamic/same-value.ts'
import type { SecurityConfig } from '../../plan/schema/security-config.ts'
import { securityRefusals } from '../../plan/security/security-change.ts'

export interface NodeSeatInputs {
  /** Id of the node. */
  readonly node: string
  readonly zone: string
  readonly address: string
  /** 0 without a data volume. */
  readonly volumeSizeGiB: number
  /** What the cluster runs with, at its first node. */
  readonly security?: SecurityConfig
}

/** What is wrong with moving a node from one seat to another, by the input that is changed. */
function faults(olds: NodeSeatInputs, news: NodeSeatInputs): { property: string; reason: string }[] {
  const { node } = news
  const faulty: { property: string; reason: string }[] = []
  if (olds.zone !== news.zone) {
    const fix =
      'Pin the group with aws.zones, keep the order of network.zones, or remove the node in one update and add it in the next.'
    const reason = `${node} is in ${olds.zone} and would move to ${news.zone}, where its volume cannot follow. ${fix}`
    faulty.push({ property: 'zone', reason })
  } else if (olds.address !== news.address) {
    const fix =
      "Give its group aws.slot, so that its addresses do not follow from its place in the list, or keep the network's settings."
    const reason = `${node} has the address ${olds.address} and would get ${news.address}. ${fix}`
    faulty.push({ property: 'address', reason })
  }
  if (news.volumeSizeGiB < olds.volumeSizeGiB) {
    const fix = 'Keep the size; to save space add a broker group with smaller volumes and drain this one.'
    const reason = `the data volume of ${node} has ${olds.volumeSizeGiB} GiB: it cannot shrink to ${news.volumeSizeGiB}. ${fix}`
    faulty.push({ property: 'volumeSizeGiB', reason })
  }
  return [...faulty, ...securityFaults(olds, news)]
}

/** All of `security` at once, or none of it any more; steps between are refused where secrets are made (components/security). */
function securityFaults({ security: before }: NodeSeatInputs, { security: after }: NodeSeatInputs) {
  if (before !== undefined && after !== undefined) return []
  return securityRefusals(before, after).map(({ path, reason }) => ({
    property: 'security',
    reason: `gantry:cluster.${path}: ${reason}`,
  }))
}

/**
 * Remembers where a node is, because a program does not know what it made before: zone and address stay as long as the
 * node lives, and its volume only grows. A change that breaks this is refused in the preview, before it costs data.
 */
export const nodeSeatImplementation: Implementation<NodeSeatInputs, NodeSeatInputs> = {
  problems(news, olds) {
    return olds === undefined ? [] : faults(olds, news)
  },
  async diff(olds, news) {
    const isSame = isSameValue(
      [olds.volumeSizeGiB, olds.node, olds.security ?? null],
      [news.volumeSizeGiB, news.node, news.security ?? null],
    )
    return { changes: !isSame }
  },
  async create(news) {
    return { id: news.node, outs: news }
  },
  async read(_, known) {
    return known
  },
  async update(_, news) {
    return news
  },
  async delete() {
    // There is nothing but the memory of it.
  },
}
