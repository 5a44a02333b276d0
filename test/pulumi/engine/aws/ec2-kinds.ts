import type { Properties } from '../values.ts'
import { type AwsKind, tagsFor, text } from './aws-kind.ts'

const ec2 = 'ec2'

export const securityGroupKind: AwsKind = {
  replaces: ['vpcId', 'description', 'name'],
  async create(cloud, { vpcId, description, tags }) {
    const GroupName = text((tags as Properties)['Name'])
    const args = { GroupName, Description: description, VpcId: vpcId, ...tagsFor('security-group', tags) }
    const { GroupId } = await cloud.ask<{ GroupId: string }>(ec2, 'create_security_group', args)
    // What the provider does as well: the rule that lets everything out, which EC2 makes by itself, goes.
    const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]
    await cloud.ask(ec2, 'revoke_security_group_egress', { GroupId, IpPermissions })
    return { id: GroupId }
  },
  look: (cloud, id) => cloud.ask(ec2, 'describe_security_groups', { GroupIds: [id] }),
  async delete(cloud, id) {
    await cloud.ask(ec2, 'delete_security_group', { GroupId: id })
  },
}

const ruleKind = (direction: 'ingress' | 'egress'): AwsKind => ({
  replaces: ['securityGroupId'],
  async create(cloud, { securityGroupId, ipProtocol, fromPort, toPort, description, ...peer }) {
    const { cidrIpv4, referencedSecurityGroupId, prefixListId } = peer
    const other =
      cidrIpv4 !== undefined
        ? { IpRanges: [{ CidrIp: cidrIpv4, Description: description }] }
        : referencedSecurityGroupId !== undefined
          ? { UserIdGroupPairs: [{ GroupId: referencedSecurityGroupId, Description: description }] }
          : { PrefixListIds: [{ PrefixListId: prefixListId, Description: description }] }
    const permission = { IpProtocol: ipProtocol, FromPort: fromPort, ToPort: toPort, ...other }
    type Made = { SecurityGroupRules: { SecurityGroupRuleId: string }[] }
    const { SecurityGroupRules } = await cloud.ask<Made>(ec2, `authorize_security_group_${direction}`, {
      GroupId: securityGroupId,
      IpPermissions: [permission],
    })
    return { id: text(SecurityGroupRules[0]?.SecurityGroupRuleId) }
  },
  look: (cloud, id) => cloud.ask(ec2, 'describe_security_group_rules', { SecurityGroupRuleIds: [id] }),
  async delete(cloud, id, { securityGroupId }) {
    const args = { GroupId: securityGroupId, SecurityGroupRuleIds: [id] }
    await cloud.ask(ec2, `revoke_security_group_${direction}`, args)
  },
})

export const ingressRuleKind = ruleKind('ingress')
export const egressRuleKind = ruleKind('egress')

export const placementGroupKind: AwsKind = {
  replaces: ['strategy', 'name'],
  async create(_, { tags }) {
    // moto has no placement groups; an instance names one without being asked whether it is there.
    const name = text((tags as Properties)['Name'])
    return { id: name, found: { name } }
  },
  look: async () => ({}),
  async delete() {},
}

export const networkInterfaceKind: AwsKind = {
  replaces: ['subnetId', 'privateIps'],
  async create(cloud, { subnetId, privateIps, securityGroups, description, tags }) {
    const [PrivateIpAddress] = privateIps as string[]
    const args = { SubnetId: subnetId, PrivateIpAddress, Groups: securityGroups, Description: description }
    type Made = { NetworkInterface: { NetworkInterfaceId: string } }
    const made = await cloud.ask<Made>(ec2, 'create_network_interface', {
      ...args,
      ...tagsFor('network-interface', tags),
    })
    return { id: made.NetworkInterface.NetworkInterfaceId }
  },
  look: (cloud, id) => cloud.ask(ec2, 'describe_network_interfaces', { NetworkInterfaceIds: [id] }),
  async delete(cloud, id) {
    await cloud.ask(ec2, 'delete_network_interface', { NetworkInterfaceId: id })
  },
}

export const volumeKind: AwsKind = {
  replaces: ['availabilityZone', 'encrypted', 'kmsKeyId'],
  async create(cloud, { availabilityZone, type, size, iops, throughput, encrypted, tags }) {
    const shape = { VolumeType: type, Size: size, Iops: iops, Throughput: throughput, Encrypted: encrypted }
    const args = { AvailabilityZone: availabilityZone, ...shape, ...tagsFor('volume', tags) }
    const { VolumeId } = await cloud.ask<{ VolumeId: string }>(ec2, 'create_volume', args)
    return { id: VolumeId }
  },
  async update(cloud, id, olds, { size, iops, throughput }) {
    if (Number(size) < Number(olds['size']))
      throw new Error('InvalidParameterValue: New size cannot be smaller than existing size')
    await cloud.ask(ec2, 'modify_volume', { VolumeId: id, Size: size, Iops: iops, Throughput: throughput })
  },
  look: (cloud, id) => cloud.ask(ec2, 'describe_volumes', { VolumeIds: [id] }),
  async delete(cloud, id) {
    await cloud.ask(ec2, 'delete_volume', { VolumeId: id })
  },
}

type Described = { Reservations: { Instances: { InstanceId: string; State: { Name: string } }[] }[] }

export const instanceKind: AwsKind = {
  replaces: ['ami', 'primaryNetworkInterface', 'userDataBase64', 'placementGroup', 'rootBlockDevice'],
  async create(cloud, inputs) {
    const { networkInterfaceId } = inputs['primaryNetworkInterface'] as Properties
    const { httpTokens } = inputs['metadataOptions'] as Properties
    const args = {
      ImageId: inputs['ami'],
      InstanceType: inputs['instanceType'],
      MinCount: 1,
      MaxCount: 1,
      UserData: Buffer.from(text(inputs['userDataBase64']), 'base64').toString('latin1'),
      MetadataOptions: { HttpTokens: httpTokens },
      IamInstanceProfile: { Name: inputs['iamInstanceProfile'] },
      NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: networkInterfaceId }],
      ...tagsFor('instance', inputs['tags']),
    }
    const { Instances } = await cloud.ask<{ Instances: { InstanceId: string }[] }>(ec2, 'run_instances', args)
    return { id: text(Instances[0]?.InstanceId) }
  },
  async update(cloud, id, _, { instanceType }) {
    await cloud.ask(ec2, 'modify_instance_attribute', { InstanceId: id, InstanceType: { Value: instanceType } })
  },
  async look(cloud, id) {
    const { Reservations } = await cloud.ask<Described>(ec2, 'describe_instances', { InstanceIds: [id] })
    if (Reservations[0]?.Instances[0]?.State.Name !== 'running') throw new Error(`${id} does not run`)
  },
  async delete(cloud, id) {
    await cloud.ask(ec2, 'terminate_instances', { InstanceIds: [id] })
  },
}

export const volumeAttachmentKind: AwsKind = {
  replaces: ['instanceId', 'volumeId', 'deviceName'],
  async create(cloud, { deviceName, instanceId, volumeId }) {
    await cloud.ask(ec2, 'attach_volume', { Device: deviceName, InstanceId: instanceId, VolumeId: volumeId })
    return { id: `vai-${text(volumeId)}` }
  },
  async look(cloud, _, { instanceId, volumeId }) {
    type Found = { Volumes: { Attachments: { InstanceId: string }[] }[] }
    const { Volumes } = await cloud.ask<Found>(ec2, 'describe_volumes', { VolumeIds: [volumeId] })
    if (Volumes[0]?.Attachments[0]?.InstanceId !== instanceId) throw new Error(`${text(volumeId)} is not attached`)
  },
  async delete(cloud, _, { instanceId, volumeId, stopInstanceBeforeDetaching }) {
    if (stopInstanceBeforeDetaching === true) await cloud.ask(ec2, 'stop_instances', { InstanceIds: [instanceId] })
    await cloud.ask(ec2, 'detach_volume', { InstanceId: instanceId, VolumeId: volumeId })
  },
}
