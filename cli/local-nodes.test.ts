import { expect, it } from 'vitest'
import { planCluster } from '../components/plan/plan.ts'
import { parseClusterConfig } from '../components/plan/schema/parse-cluster-config.ts'
import { checkAllLocal } from './local-nodes.ts'

const planOn = (address: string) =>
  planCluster(parseClusterConfig({ groups: [{ name: 'a' }], hosts: [{ name: 'h', address }] }), { localDataDir: '/d' })

it('accepts loopback addresses', () => {
  checkAllLocal(planOn('127.0.0.2'), 'process')
})

it('names the nodes of other machines', () => {
  // 192.0.2.0/24 is set aside for documentation: nobody has it.
  expect(() => checkAllLocal(planOn('192.0.2.1'), 'process')).toThrow(
    'this machine cannot run namesrv-0 on host h (192.0.2.1), a-0 on host h (192.0.2.1): "gantry up" starts local processes.',
  )
})

it('leaves stacks of other platforms to Pulumi', () => {
  expect(() => checkAllLocal(planOn('127.0.0.2'), 'docker')).toThrow('this stack runs on docker: use "pulumi up".')
})
