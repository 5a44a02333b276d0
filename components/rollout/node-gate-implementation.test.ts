import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import type { BrokerNode } from '../plan/plan-node.ts'
import { nodeGateImplementation as gate } from './node-gate-implementation.ts'
import { brokerNode } from './testing/broker-node.ts'

/** An address where nobody answers. */
async function deadAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}

it('lets a node be replaced only when it has made way, and asks nobody when it is not replaced', async () => {
  const address = await deadAddress()
  const text = `brokerClusterName=Shop\ncontrollerAddr=${address}\n`
  const node: BrokerNode = { ...brokerNode(0), confFile: { path: '/data/broker.conf', text } }
  const olds = { node, nameServers: [address], spec: 'old', readyTimeoutMs: 300 }
  expect(await gate.update(olds, { ...olds, readyTimeoutMs: 400 })).toMatchObject({ readyTimeoutMs: 400 })
  await expect(gate.update(olds, { ...olds, spec: 'new' })).rejects.toThrow(
    `waited 0.3 s until another replica than broker-a-0:10911 is master of broker-a, in vain: the controllers ${address} have no leader at the moment`,
  )
  const slave: BrokerNode = { ...node, role: 'SLAVE', brokerId: 1 }
  expect(await gate.update({ ...olds, node: slave }, { ...olds, spec: 'new' })).toMatchObject({ spec: 'new' })
})
