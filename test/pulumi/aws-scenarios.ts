import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { artifactFileName, checksumFileName, checksumLine } from '../../components/artifact/artifact-name.ts'
import { artifactFolder } from '../../components/platform/aws/testing/aws-answers.ts'
import { version } from '../../components/version.ts'
import { motoCloud } from './engine/aws/moto-bridge.ts'
import type { RunResult } from './engine/engine.ts'
import type { Operation } from './engine/step-log.ts'
import { changesOf, type Scenario } from './scenario.ts'

const zones = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c']

/** A VPC as somebody else has made it, and the security group of the applications in it. */
export async function existingVpc() {
  const cloud = motoCloud()
  const { Vpc } = await cloud.ask<{ Vpc: { VpcId: string } }>('ec2', 'create_vpc', { CidrBlock: '10.1.0.0/16' })
  const subnets: { id: string; zone: string; cidr: string }[] = []
  for (const [index, zone] of zones.entries()) {
    const cidr = `10.1.${index}.0/24`
    const args = { VpcId: Vpc.VpcId, CidrBlock: cidr, AvailabilityZone: zone }
    const { Subnet } = await cloud.ask<{ Subnet: { SubnetId: string } }>('ec2', 'create_subnet', args)
    subnets.push({ id: Subnet.SubnetId, zone, cidr })
  }
  const group = { GroupName: 'applications', Description: 'Applications', VpcId: Vpc.VpcId }
  const { GroupId } = await cloud.ask<{ GroupId: string }>('ec2', 'create_security_group', group)
  return { vpcId: Vpc.VpcId, subnets, clientSecurityGroup: GroupId }
}

interface Instance {
  readonly id: string
  readonly address: string
  readonly networkInterface: string
  readonly volume: string
  readonly userData: string
}

/** The running instances by node, with what each holds. */
async function instances(): Promise<Map<string, Instance>> {
  const cloud = motoCloud()
  type Found = {
    Reservations: {
      Instances: {
        InstanceId: string
        Tags: { Key: string; Value: string }[]
        NetworkInterfaces: { NetworkInterfaceId: string; PrivateIpAddress: string }[]
      }[]
    }[]
  }
  const running = { Filters: [{ Name: 'instance-state-name', Values: ['running'] }] }
  const { Reservations } = await cloud.ask<Found>('ec2', 'describe_instances', running)
  const found = new Map<string, Instance>()
  for (const { InstanceId: id, Tags, NetworkInterfaces } of Reservations.flatMap((each) => each.Instances)) {
    const node = Tags.find(({ Key }) => Key === 'gantry:node')?.Value ?? ''
    const attached = { Filters: [{ Name: 'attachment.instance-id', Values: [id] }] }
    type Volumes = { Volumes: { VolumeId: string; Tags?: { Key: string; Value: string }[] }[] }
    const { Volumes } = await cloud.ask<Volumes>('ec2', 'describe_volumes', attached)
    const volume = Volumes.find((each) => each.Tags?.some(({ Key }) => Key === 'gantry:node'))?.VolumeId ?? ''
    const asked = { InstanceId: id, Attribute: 'userData' }
    const { UserData } = await cloud.ask<{ UserData: { Value: string } }>('ec2', 'describe_instance_attribute', asked)
    const [first] = NetworkInterfaces
    const userData = Buffer.from(UserData.Value, 'base64').toString()
    const { NetworkInterfaceId: networkInterface = '', PrivateIpAddress: address = '' } = first ?? {}
    found.set(node, { id, address, networkInterface, volume, userData })
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const kept = (all: ReadonlyMap<string, Instance>) =>
  [...all].map(([node, { address, networkInterface, volume }]) => [node, address, networkInterface, volume])

/** Names of the resources of a type that a run did this to. */
export const namesOf = (result: RunResult, operation: Operation, type: string): string[] =>
  result.steps
    .filter((step) => step.operation === operation && step.urn.includes(`:${type}::`))
    .map(({ urn }) => urn.slice(urn.lastIndexOf('::') + 2))
    .sort()

/** The example in an existing VPC on an AWS that moto plays: made, left alone, upgraded, grown, and taken away. */
export async function existingVpcExample(scenario: Scenario): Promise<void> {
  const { project } = scenario
  const artifacts = artifactFolder()
  const set = (values: Record<string, unknown>) =>
    project.configure((config) => {
      for (const [key, value] of Object.entries(values)) config[`${project.name}:${key}`] = value
    })
  try {
    set({ ...(await existingVpc()), artifacts })
    const { outputs } = await scenario.run('up')
    assert.equal(outputs['namesrvAddr'], 'namesrv-0.rocketmq.internal:9876;namesrv-1.rocketmq.internal:9876')
    const made = await instances()
    assert.deepEqual(
      [...made].map(([node, { address }]) => `${node} ${address}`),
      [
        'namesrv-0 10.1.0.16',
        'namesrv-1 10.1.1.17',
        'orders-0 10.1.0.128',
        'orders-1 10.1.1.129',
        'payments-0 10.1.1.144',
        'payments-1 10.1.2.145',
      ],
    )
    for (const [node, { volume, userData }] of made) {
      const device = `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume.replace('-', '')}`
      assert.ok(userData.includes(`DEVICE=${device}\n`), `${node} mounts the volume that is attached to it`)
    }
    assert.deepEqual(changesOf(await scenario.run('up')), [], 'a second up changes nothing')
    assert.deepEqual(changesOf(await scenario.run('refresh')), [], 'nor is there anything to refresh')

    // Another engine: every instance is replaced, nothing else is.
    const fileName = artifactFileName({ version, architecture: 'arm64' })
    writeFileSync(join(artifacts, checksumFileName(fileName)), checksumLine('7'.repeat(64), fileName))
    const upgraded = await scenario.run('up')
    assert.equal(namesOf(upgraded, 'replace', 'Instance').length, 6)
    for (const type of ['Volume', 'NetworkInterface']) {
      assert.deepEqual([...namesOf(upgraded, 'replace', type), ...namesOf(upgraded, 'delete', type)], [])
    }
    const after = await instances()
    assert.deepEqual(kept(after), kept(made), 'addresses, interfaces and volumes are those of before')
    for (const [node, { id, userData }] of after) {
      assert.notEqual(id, made.get(node)?.id)
      assert.ok(userData.includes(`ARTIFACT_SHA256=${'7'.repeat(64)}\n`), node)
    }

    // One instance is lost: it alone is made again. Its neighbours do not depend on it.
    const lost = after.get('namesrv-0')
    await motoCloud().ask('ec2', 'stop_instances', { InstanceIds: [lost?.id] })
    assert.deepEqual(namesOf(await scenario.run('refresh'), 'delete', 'Instance'), ['shop-namesrv-0'])
    const repaired = await scenario.run('up')
    assert.deepEqual(namesOf(repaired, 'create', 'Instance'), ['shop-namesrv-0'])
    assert.deepEqual(namesOf(repaired, 'replace', 'Instance'), [])
    assert.equal((await instances()).get('namesrv-0')?.address, lost?.address)

    set({ volumeSizeGiB: '300' })
    const grown = await scenario.run('up')
    const brokers = ['shop-orders-0', 'shop-orders-1', 'shop-payments-0', 'shop-payments-1']
    assert.deepEqual(
      namesOf(grown, 'update', 'Volume'),
      brokers.map((name) => `${name}-data`),
    )
    assert.deepEqual(namesOf(grown, 'replace', 'Instance'), [], 'a volume grows in place')

    set({ volumeSizeGiB: '100' })
    const refused = await scenario.attempt('preview')
    assert.equal(refused.ok, false)
    assert.match(refused.errors.join('\n'), /the data volume of orders-0 has 300 GiB: it cannot shrink to 100/)

    set({ volumeSizeGiB: '300' })
    await scenario.run('destroy')
    assert.equal((await instances()).size, 0)
    const { Volumes } = await motoCloud().ask<{ Volumes: { VolumeId: string }[] }>('ec2', 'describe_volumes', {})
    const left = new Set(Volumes.map(({ VolumeId }) => VolumeId))
    for (const [node, { volume }] of made) assert.ok(left.has(volume), `the data of ${node} is still there`)
  } finally {
    rmSync(artifacts, { recursive: true, force: true })
  }
}
