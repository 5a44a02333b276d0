import * as pulumi from '@pulumi/pulumi'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BrokerGroup } from '../broker/broker-group.ts'
import { ControllerQuorum } from '../controller/controller-quorum.ts'
import { allRegistered, mockEngine, registered, registeredOf, settled } from '../testing/registered-resources.ts'
import { RocketCluster } from './rocket-cluster.ts'

const processNode = 'pulumi-nodejs:dynamic/gantry:ProcessNode'

beforeEach(() => mockEngine())
afterEach(allRegistered)

interface NodeInput {
  readonly confFile: { readonly text: string }
}

/** The conf file of a node, which has to be registered as a secret. */
const confText = (name: string): string => {
  const { inputs } = registeredOf(processNode).find((resource) => resource.name === name)!
  // The mark the SDK puts around secrets, see runtime/rpc.ts.
  const { node } = inputs as { node: { readonly value?: NodeInput } }
  return node.value?.confFile.text ?? 'no secret'
}

it('a secret goes into the conf file, and nowhere else', async () => {
  const key = pulumi.secret('abc')
  const cluster = new RocketCluster('rocket', {
    nameServerConfig: { metricsGrpcExporterHeader: pulumi.secret('token:1') },
    brokerConfig: { objectStoreSecretKey: key, fileReservedTime: '24' },
    groups: [{ name: 'a', replicas: 2, config: { objectStoreAccessKey: pulumi.output('me') } }, { name: 'b' }],
  })
  const nodes = await settled(cluster.nodes)
  expect(confText('rocket-namesrv-0')).toContain('\nmetricsGrpcExporterHeader=token:1\n')
  for (const name of ['rocket-a-0', 'rocket-a-1']) {
    expect(confText(name)).toMatch(/\nobjectStoreSecretKey=abc\nobjectStoreAccessKey=me\n$/)
    expect(confText(name)).toContain('\nfileReservedTime=24\n')
  }
  expect(confText('rocket-b-0')).toMatch(/\nobjectStoreSecretKey=abc\n$/)
  expect(JSON.stringify(nodes)).not.toContain('abc')
  expect(await pulumi.isSecret(cluster.namesrvAddr)).toBe(false)
  expect(await pulumi.isSecret(cluster.nodes)).toBe(false)
})

it('what is made of a secret is one', async () => {
  const of = (header: pulumi.Input<string>) =>
    new ControllerQuorum('controller', { run: false, config: { metricsGrpcExporterHeader: header } }).confFiles
  expect(await pulumi.isSecret(of(pulumi.secret('token:1')))).toBe(true)
  expect((await settled(of(pulumi.output('token:1'))))[0]?.text).toContain('\nmetricsGrpcExporterHeader=token:1\n')
  expect(await pulumi.isSecret(of(pulumi.output('token:1')))).toBe(false)
})

it('a secret in plain text, and a key that is none, are refused before anything is registered', () => {
  const group = (config: Record<string, pulumi.Input<string>>) =>
    new RocketCluster('rocket', { groups: [{ name: 'a', config }] })
  expect(() => group({ objectStoreSecretKey: 'abc' })).toThrow(
    'gantry:cluster.groups[0].config.objectStoreSecretKey: is a secret in plain text',
  )
  expect(() => group({ objectStoreSecretKey: 'abc' })).not.toThrow('found')
  expect(() => group({ objectStoreSecretkey: pulumi.secret('abc') })).toThrow('Did you mean "objectStoreSecretKey"?')
  const alone = { brokerName: 'a', namesrvAddr: '127.0.0.1:9876' }
  expect(() => new BrokerGroup('a', { ...alone, config: { brokerRole: pulumi.output('SLAVE') } })).toThrow(
    'gantry:cluster.groups[0].config.brokerRole: is set by the planner',
  )
  expect(registered).toEqual([])
})
