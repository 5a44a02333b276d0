import { afterEach, beforeEach, expect, it } from 'vitest'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../testing/registered-resources.ts'
import { ControllerQuorum } from './controller-quorum.ts'

beforeEach(() => mockEngine())
afterEach(allRegistered)

it('renders a conf file per controller and starts none', async () => {
  const hosts = [1, 2, 3].map((n) => ({ name: `host-${n}`, address: `10.0.0.${n}` }))
  const quorum = new ControllerQuorum('quorum', { hosts, run: false, config: { electMasterMaxRetryCount: '5' } })
  expect(await settled(quorum.controllerAddr)).toBe('10.0.0.1:19876;10.0.0.2:19876;10.0.0.3:19876')
  const [first, ...others] = await settled(quorum.confFiles)
  expect(first).toEqual({
    node: 'controller-0',
    host: 'host-1',
    path: '/var/lib/gantry/controller-0/controller.conf',
    text: [
      '# controller.conf of controller-0, rendered by gantry: change the stack config instead',
      'controllerDLegerGroup=DefaultCluster-controllers',
      'controllerDLegerPeers=n0-10.0.0.1:19876;n1-10.0.0.2:19876;n2-10.0.0.3:19876',
      'controllerDLegerSelfId=n0',
      'controllerStorePath=/var/lib/gantry/controller-0/store',
      'electMasterMaxRetryCount=5',
      '',
    ].join('\n'),
  })
  expect(others.map(({ host }) => host)).toEqual(['host-2', 'host-3'])
  expect(await settled(quorum.warnings)).toEqual([])
  expect(registered.map(({ type }) => type)).toEqual(['gantry:index:ControllerQuorum'])
})

it('warns of an even count', async () => {
  const quorum = new ControllerQuorum('quorum', { replicas: 4, run: false })
  expect(await settled(quorum.warnings)).toEqual([
    'gantry:cluster.controllers.replicas: 4 controllers survive no more failures than 3',
  ])
})

it('runs a node per controller', async () => {
  const quorum = new ControllerQuorum('quorum', { platform: { process: { localDataDir: '/data' } } })
  expect((await settled(quorum.nodes)).map(({ id, role, address }) => `${id} ${role} ${address}`)).toEqual([
    'controller-0 CONTROLLER 127.0.0.1:19876',
    'controller-1 CONTROLLER 127.0.0.1:19877',
    'controller-2 CONTROLLER 127.0.0.1:19878',
  ])
  const nodes = registeredOf('pulumi-nodejs:dynamic/gantry:ProcessNode')
  expect(nodes.map(({ name }) => name)).toEqual(['quorum-0', 'quorum-1', 'quorum-2'])
})
