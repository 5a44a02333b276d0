import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freeBasePort } from '../../../test/e2e/gantry-command.ts'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { checkPortsFree, PortsTakenError } from './port-check.ts'

let taken: Server
let port = 0

beforeEach(async () => {
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  port = (taken.address() as AddressInfo).port
})

afterEach(() => {
  taken.close()
})

function nodesWithReplicationPort(replicationPort: number) {
  const config = parseClusterConfig({ groups: [{ name: 'broker-a' }], ports: { broker: replicationPort - 1 } })
  return planCluster(config, { localDataDir: '/data' }).nodes.filter((node) => node.kind === 'broker')
}

it('names the port, the node, what it is for and what to do', async () => {
  const check = checkPortsFree(nodesWithReplicationPort(port))
  await expect(check).rejects.toThrow(PortsTakenError)
  await expect(check).rejects.toThrow(
    `port ${port} of broker-a-0 (listenPort + 1, replication) on 127.0.0.1: already in use\nStop what uses them, or move all ports of this cluster with --base-port.`,
  )
})

it('leaves free ports free', async () => {
  // Not the ports around one that the system gave out: those it may give to somebody else meanwhile.
  const replicationPort = (await freeBasePort(1)) + 1036
  await checkPortsFree(nodesWithReplicationPort(replicationPort))
  await checkPortsFree(nodesWithReplicationPort(replicationPort))
})
