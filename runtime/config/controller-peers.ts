import { wrongAddress } from './host-port.ts'

/** A controller as controllerDLegerPeers names it. */
export interface ControllerPeer {
  readonly id: string
  /** host:port; the host may be a DNS name. */
  readonly address: string
}

/**
 * The members of `n0-host:port;n1-host:port`. The first dash ends the id, so that host names may have some (source:
 * DLedger's MemberState). `errors` says all that is wrong.
 */
export function parsePeers(text: string): { readonly peers: readonly ControllerPeer[]; readonly errors: string[] } {
  const errors: string[] = []
  const peers: ControllerPeer[] = []
  const entries = text.split(';').map((entry) => entry.trim())
  for (const entry of entries.filter((it) => it !== '')) {
    const dash = entry.indexOf('-')
    const peer = { id: entry.slice(0, dash), address: entry.slice(dash + 1) }
    const problem = dash < 1 ? 'it is not of the form id-host:port' : problemOf(peer, peers)
    if (problem === undefined) peers.push(peer)
    else errors.push(`controllerDLegerPeers: "${entry}": ${problem}`)
  }
  if (peers.length === 0 && errors.length === 0) errors.push('controllerDLegerPeers names no controller')
  return { peers, errors }
}

function problemOf({ id, address }: ControllerPeer, earlier: readonly ControllerPeer[]): string | undefined {
  if (wrongAddress([address]) !== undefined) {
    return `"${address}" is not host:port with a port from 1 to 65535`
  }
  if (earlier.some((peer) => peer.id === id)) return `there is another controller with the id ${id}`
  const holder = earlier.find((peer) => peer.address === address)
  return holder && `controller ${holder.id} has the same address`
}
