import * as pulumi from '@pulumi/pulumi'
import type { AwsSharedArgs } from '../../cluster/aws-platform-args.ts'
import { proxyPorts } from '../../plan/proxy-ports.ts'
import type { AwsConfig } from '../../plan/schema/aws-config.ts'
import type { ClusterConfig } from '../../plan/schema/cluster-config.ts'
import { awsSdk } from './aws-sdk.ts'
import { tagsOf } from './foundation/foundation-context.ts'

interface BalancerContext {
  readonly config: ClusterConfig
  readonly aws: AwsConfig
  readonly shared: AwsSharedArgs
  readonly options: pulumi.CustomResourceOptions
}

/** Long enough for calls under way, short enough for a rollout. */
const deregistrationDelaySeconds = 60

/** An internal network load balancer before the proxies: one name for all of them. */
export class ProxyBalancer {
  /** `host:port` for gRPC clients. */
  readonly endpoint: pulumi.Output<string>
  readonly #targets: { readonly port: number; readonly label: string; readonly arn: pulumi.Output<string> }[] = []

  constructor(name: string, { config, aws, shared, options }: BalancerContext) {
    const { lb } = awsSdk()
    const tags = (suffix = '') => ({ tags: tagsOf({ clusterName: config.name, aws }, `${name}${suffix}`) })
    const balancer = new lb.LoadBalancer(
      name,
      {
        internal: true,
        loadBalancerType: 'network',
        subnets: pulumi.output(shared.subnetIds).apply((ids) => Object.values(ids)),
        securityGroups: [pulumi.output(shared.securityGroupIds).apply(({ balancer: id = '' }) => id)],
        enableCrossZoneLoadBalancing: true,
        ...tags(),
      },
      options,
    )
    for (const [label, port] of Object.entries(proxyPorts(config))) {
      const group = new lb.TargetGroup(
        `${name}-${label}`,
        {
          port,
          protocol: 'TCP',
          // Addresses outlive instances: a replaced proxy is the same target.
          targetType: 'ip',
          vpcId: shared.vpcId,
          deregistrationDelay: deregistrationDelaySeconds,
          healthCheck: {
            protocol: 'TCP',
            port: String(port),
            interval: 10,
            healthyThreshold: 2,
            unhealthyThreshold: 2,
          },
          ...tags(`-${label}`),
        },
        options,
      )
      const forward = { type: 'forward', targetGroupArn: group.arn }
      const listener = { loadBalancerArn: balancer.arn, port, protocol: 'TCP', defaultActions: [forward] }
      new lb.Listener(`${name}-${label}`, { ...listener, ...tags(`-${label}`) }, options)
      this.#targets.push({ port, label, arn: group.arn })
    }
    this.endpoint = pulumi.interpolate`${balancer.dnsName}:${config.ports.proxyGrpc}`
  }

  add(name: string, ip: string, options: pulumi.CustomResourceOptions): void {
    for (const { port, label, arn } of this.#targets) {
      const args = { targetGroupArn: arn, targetId: ip, port }
      ;new (awsSdk().lb.TargetGroupAttachment)(`${name}-target-${label}`, args, options)
    }
  }
}
