import type * as pulumi from '@pulumi/pulumi'
import { formatCidr } from '../../../plan/aws/cidr.ts'
import { planSubnets } from '../../../plan/aws/subnets.ts'
import type { AwsConfig } from '../../../plan/schema/aws-config.ts'
import { awsSdk } from '../aws-sdk.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'

/** A network that nodes can be placed in. */
export interface FoundationNetwork {
  readonly vpcId: pulumi.Input<string>
  readonly subnetIds: Readonly<Record<string, pulumi.Input<string>>>
  /** Of the VPC that was made, for peering and for ways out of it. */
  readonly routeTableId?: pulumi.Output<string>
  /** How S3 is reached, if there is a gateway endpoint for it. */
  readonly s3PrefixListId?: pulumi.Input<string>
}

function existingNetwork({ aws }: FoundationContext): FoundationNetwork {
  const { vpcId = '', subnets = [], s3PrefixListId } = aws.network
  return {
    vpcId,
    subnetIds: Object.fromEntries(subnets.map(({ zone, id }) => [zone, id])),
    ...(s3PrefixListId === undefined ? {} : { s3PrefixListId }),
  }
}

/** No way in from the internet and none out: what instances need comes through the endpoint for S3. */
function madeNetwork(context: FoundationContext): FoundationNetwork {
  const { name, aws, region, options } = context
  const { ec2 } = awsSdk()
  const tags = (suffix: string) => ({ tags: tagsOf(context, `${name}-${suffix}`) })
  const vpc = new ec2.Vpc(
    `${name}-vpc`,
    {
      cidrBlock: aws.network.cidr ?? '',
      enableDnsHostnames: true,
      enableDnsSupport: true,
      ...tags('vpc'),
    },
    options,
  )
  const inVpc = { vpcId: vpc.id }
  // Everything else gets a group of its own: this one lets nothing through.
  new ec2.DefaultSecurityGroup(`${name}-default`, { ...inVpc, ingress: [], egress: [], ...tags('default') }, options)
  const routes = new ec2.RouteTable(`${name}-routes`, { ...inVpc, ...tags('routes') }, options)
  const subnets = planSubnets(aws.network).map(({ zone, cidr }) => {
    const suffix = `subnet-${zone}`
    const args = { ...inVpc, availabilityZone: zone, cidrBlock: formatCidr(cidr), mapPublicIpOnLaunch: false }
    const subnet = new ec2.Subnet(`${name}-${suffix}`, { ...args, ...tags(suffix) }, options)
    const association = { subnetId: subnet.id, routeTableId: routes.id }
    const made = new ec2.RouteTableAssociation(`${name}-routes-${zone}`, association, options)
    // Known once it has its routes: an instance that starts earlier finds no way to S3.
    return [zone, made.subnetId.apply((id) => id ?? '')] as const
  })
  const s3 = new ec2.VpcEndpoint(
    `${name}-s3`,
    {
      ...inVpc,
      serviceName: `com.amazonaws.${region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: [routes.id],
      ...tags('s3'),
    },
    options,
  )
  return {
    vpcId: vpc.id,
    subnetIds: Object.fromEntries(subnets),
    routeTableId: routes.id,
    s3PrefixListId: s3.prefixListId,
  }
}

export const foundationNetwork = (context: FoundationContext): FoundationNetwork =>
  context.aws.network.subnets === undefined ? madeNetwork(context) : existingNetwork(context)

/** What nodes read Parameter Store by. */
const parameterServices = ['ssm']
/** What Session Manager's agent talks to. */
const managerServices = [...parameterServices, 'ssmmessages', 'ec2messages']

/** Endpoints that a VPC that is made has to have. */
export const servicesOf = ({ ssmEndpoints }: AwsConfig['network'], readsParameters: boolean): readonly string[] => {
  if (ssmEndpoints) return managerServices
  return readsParameters ? parameterServices : []
}

/** Endpoints for services in the VPC that was made, and the group that lets nodes reach them. */
export function serviceEndpoints(
  context: FoundationContext,
  { vpcId, subnetIds }: FoundationNetwork,
  services: readonly string[],
): pulumi.Output<string> {
  const { name, region, options } = context
  const { ec2 } = awsSdk()
  const group = new ec2.SecurityGroup(
    `${name}-endpoints`,
    { vpcId, description: 'Endpoints of AWS services', tags: tagsOf(context, `${name}-endpoints`) },
    options,
  )
  for (const service of services) {
    new ec2.VpcEndpoint(
      `${name}-${service}`,
      {
        vpcId,
        serviceName: `com.amazonaws.${region}.${service}`,
        vpcEndpointType: 'Interface',
        privateDnsEnabled: true,
        subnetIds: Object.values(subnetIds),
        securityGroupIds: [group.id],
        tags: tagsOf(context, `${name}-${service}`),
      },
      options,
    )
  }
  return group.id
}
