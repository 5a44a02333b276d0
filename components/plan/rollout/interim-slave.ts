import type { BrokerNode } from '../plan-node.ts'

/** Slaves that stand beside the one whose place they take have ids from here on: no other broker may have theirs. */
const interimBrokerIds = 100

const withRole = (node: BrokerNode, brokerId: number, role: BrokerNode['role']): BrokerNode => {
  const text = node.confFile.text
    .replace(/^brokerId=.*$/m, `brokerId=${brokerId}`)
    .replace(/^brokerRole=.*$/m, `brokerRole=${role}`)
  return { ...node, brokerId, role, confFile: { path: node.confFile.path, text } }
}

/** A broker that catches up as one slave more beside `former`, before it becomes what it is to be. */
export const asInterimSlave = (node: BrokerNode, former: BrokerNode): BrokerNode => {
  const first = interimBrokerIds + node.replica
  return withRole(node, former.brokerId === first ? first + interimBrokerIds : first, 'SLAVE')
}

/** A slave that has outlived the master becomes it where it is. */
export const asMasterInPlace = (slave: BrokerNode, role: BrokerNode['role']): BrokerNode => withRole(slave, 0, role)
