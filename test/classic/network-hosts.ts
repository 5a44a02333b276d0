import { spawnSync } from 'node:child_process'

/** A host of its own on this machine: a network namespace with one address, joined to the other by a cable (veth pair). */
export interface Host {
  readonly name: string
  readonly namespace: string
  readonly address: string
}

const CARRIER_TRIES = 100
const CARRIER_PAUSE_MS = 50

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (error) throw new Error(`cannot run ip: ${error.message}; install iproute2`)
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()} (network namespaces need root)`)
}

/** Makes two hosts with a cable between them. */
export function joinHosts(hosts: readonly [Host, Host]): void {
  for (const { namespace } of hosts) {
    ip('netns', 'add', namespace)
    ip('-n', namespace, 'link', 'set', 'lo', 'up')
  }
  const [first, second] = hosts
  ip('-n', first.namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', second.namespace)
  for (const { namespace, address } of hosts) {
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  }
  // A broker that starts before the cable carries finds no address but loopback's, and announces that.
  for (const { namespace } of hosts) awaitCarrier(namespace)
}

function awaitCarrier(namespace: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 0; tries < CARRIER_TRIES; tries++) {
    const { stdout } = spawnSync('ip', ['-n', namespace, '-o', 'link', 'show', 'eth0'], { encoding: 'utf8' })
    if (stdout.includes('state UP')) return
    Atomics.wait(pause, 0, 0, CARRIER_PAUSE_MS)
  }
  throw new Error(`${namespace}: eth0 does not come up`)
}

/** Removes the hosts; what is still running in them keeps only its loopback. */
export function removeHosts(hosts: readonly Host[]): void {
  for (const { namespace } of hosts) spawnSync('ip', ['netns', 'delete', namespace])
}
