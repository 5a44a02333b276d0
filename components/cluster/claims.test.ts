import { expect, it } from 'vitest'
import { planCluster } from '../plan/plan.ts'
import type { ClusterConfigInput } from '../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { Claims } from './claims.ts'

const nodesOf = (input: ClusterConfigInput, localDataDir: string) =>
  planCluster(parseClusterConfig(input), { localDataDir }).nodes
const groups = [{ name: 'broker-a' }]

it('names ports and folders that another cluster of the program has', () => {
  const claims = new Claims()
  expect(claims.claim('east', nodesOf({ groups }, '/east'))).toEqual([])
  const west = { nameServer: 9900, broker: 10_920 }
  expect(claims.claim('west', nodesOf({ groups, ports: west }, '/west'))).toEqual([])

  const problems = claims.claim('north', nodesOf({ groups, ports: { ...west, broker: 10_930 } }, '/east'))
  expect(problems.map(({ path, problem }) => `${path} ${problem}`)).toEqual([
    'gantry:cluster.platform.process.localDataDir gives namesrv-0 the folder /east/namesrv-0, but east has it already',
    'gantry:cluster.ports gives namesrv-0 the port 9900 (listenPort) of 127.0.0.1, but west has it already',
    'gantry:cluster.platform.process.localDataDir gives broker-a-0 the folder /east/broker-a-0, but east has it already',
  ])
})

it('lets the same group be on another machine', () => {
  const claims = new Claims()
  const on = (address: string) => nodesOf({ groups, hosts: [{ name: 'h', address }] }, '/data')
  expect(claims.claim('east', on('10.0.0.1'))).toEqual([])
  expect(claims.claim('west', on('10.0.0.2'))).toEqual([])
})
