import type { ConfigProblem } from '../config-problem.ts'
import type { PlanNode } from '../plan-node.ts'
import { metricsPortKey, portMax } from '../ports.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { problemAt } from './problem-at.ts'

const tooHigh = (node: PlanNode, port: number, ports: ClusterConfig['ports']): ConfigProblem => {
  const key = { nameServer: 'nameServer', controller: 'controller', broker: 'broker', proxy: 'proxyGrpc' }[
    node.kind
  ] as keyof ClusterConfig['ports']
  const problem = `gives ${node.id} the port ${port}, which is outside 1 to ${portMax}`
  const fix =
    node.kind === 'broker'
      ? `Lower ports.broker (or the base port), or set ports.brokerStep to e.g. 10 (it is ${ports.brokerStep}).`
      : `Lower ports.${key} (or the base port).`
  return problemAt(['ports', key], ports[key], problem, fix)
}

/** Every port of every node is a valid one and nobody else's on the same host. */
export const checkPorts = (nodes: readonly PlanNode[], ports: ClusterConfig['ports']): ConfigProblem[] => {
  const owners = new Map<string, string>()
  const problems: ConfigProblem[] = []
  for (const node of nodes) {
    for (const { port, purpose } of node.ports) {
      if (port < 1 || port > portMax) {
        problems.push(tooHigh(node, port, ports))
        break
      }
      const place = `${node.host}:${port}`
      const owner = owners.get(place)
      if (owner === undefined) {
        owners.set(place, `${node.id} (${purpose})`)
        continue
      }
      const problem = `gives port ${port} of host ${node.host} to both ${owner} and ${node.id} (${purpose})`
      const fix =
        purpose === metricsPortKey
          ? `Set ${metricsPortKey} in the config of each group, and place replicas of one group on different hosts.`
          : 'Keep the first ports under ports further apart, or change ports.brokerStep.'
      problems.push(problemAt(['ports'], ports, problem, fix))
    }
  }
  return problems
}
