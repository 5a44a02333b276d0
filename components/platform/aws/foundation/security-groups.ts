import type * as pulumi from '@pulumi/pulumi'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { awsSdk } from '../aws-sdk.ts'
import { type Caller, type FirewallFacts, type Flow, flowsOf, type Guarded, guardedKinds } from './firewall.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'
import type { FoundationNetwork } from './network.ts'

export const titles: Record<Guarded, string> = {
  nameServer: 'NameServers',
  controller: 'Controllers',
  broker: 'Brokers',
  proxy: 'Proxies',
  balancer: 'Load balancer of the proxies',
}
const httpsPort = 443

/** What kinds of nodes are called in names of resources. */
export const suffixes: Record<Caller, string> = {
  nameServer: 'namesrv',
  controller: 'controller',
  broker: 'broker',
  proxy: 'proxy',
  balancer: 'balancer',
  clients: 'clients',
  operators: 'operators',
}

/** The other side of a rule: a range of addresses or a security group. */
interface Peer {
  /** Part of the rule's name. */
  readonly label: string
  readonly rule: { readonly cidrIpv4: string } | { readonly referencedSecurityGroupId: pulumi.Input<string> }
}

/** One group per kind of node that there is, and its rules, each a resource of its own: the groups refer to one another. */
export class SecurityGroups {
  readonly ids: Readonly<Record<Guarded, pulumi.Output<string>>>
  readonly #context: FoundationContext
  /** Instances: a balancer is none. */
  readonly nodeKinds: readonly PlanNode['kind'][]

  constructor(context: FoundationContext, { vpcId }: FoundationNetwork, facts: FirewallFacts) {
    this.#context = context
    const { name, options } = context
    const { ec2 } = awsSdk()
    const kinds = guardedKinds(facts)
    this.nodeKinds = kinds.filter((kind) => kind !== 'balancer')
    const made = kinds.map((kind) => {
      const groupName = `${name}-${suffixes[kind]}`
      const description = `${titles[kind]} of ${context.clusterName}`
      const group = new ec2.SecurityGroup(groupName, { vpcId, description, tags: tagsOf(context, groupName) }, options)
      return [kind, group.id] as const
    })
    this.ids = Object.fromEntries(made) as Record<Guarded, pulumi.Output<string>>
    for (const flow of flowsOf(facts)) this.#letThrough(flow)
  }

  /** Lets every node open HTTPS connections to a group. */
  allowHttpsTo(group: pulumi.Input<string>): void {
    const { vpc } = awsSdk()
    const { name, options } = this.#context
    for (const kind of this.nodeKinds) {
      const rule = { ...this.#tcp(httpsPort, 'AWS services'), referencedSecurityGroupId: this.ids[kind] }
      const ruleName = `${name}-endpoints-from-${suffixes[kind]}`
      new vpc.SecurityGroupIngressRule(ruleName, { ...rule, securityGroupId: group }, options)
    }
    this.letHttpsOut(group)
  }

  /** The same for a group of somebody else's, which has to let them in by itself. */
  letHttpsOut(group: pulumi.Input<string>): void {
    const rule = { ...this.#tcp(httpsPort, 'AWS services'), referencedSecurityGroupId: group }
    for (const kind of this.nodeKinds) this.#egress(kind, 'endpoints', rule)
  }

  /** Lets every node reach S3: by its prefix list, or else wherever the network leads to. */
  allowS3(prefixListId: pulumi.Input<string> | undefined): void {
    const peer = prefixListId === undefined ? { cidrIpv4: '0.0.0.0/0' } : { prefixListId }
    for (const kind of this.nodeKinds) this.#egress(kind, 's3', { ...this.#tcp(httpsPort, 'S3'), ...peer })
  }

  #letThrough({ from, to, port, purpose }: Flow): void {
    const { vpc } = awsSdk()
    const { name, options } = this.#context
    for (const { label, rule } of this.#peersOf(from)) {
      const args = { ...this.#tcp(port, purpose), ...rule, securityGroupId: this.ids[to] }
      new vpc.SecurityGroupIngressRule(`${name}-${suffixes[to]}-${port}-from-${label}`, args, options)
    }
    if (from === 'clients' || from === 'operators') return
    const rule = { ...this.#tcp(port, purpose), referencedSecurityGroupId: this.ids[to] }
    this.#egress(from, `${suffixes[to]}-${port}`, rule)
  }

  #egress(from: Guarded, label: string, rule: Omit<RuleArgs, 'securityGroupId'>): void {
    const { vpc } = awsSdk()
    const { name, options } = this.#context
    const args = { ...rule, securityGroupId: this.ids[from] }
    new vpc.SecurityGroupEgressRule(`${name}-${suffixes[from]}-to-${label}`, args, options)
  }

  #tcp(port: number, description: string) {
    const { aws, clusterName } = this.#context
    const tags = { ...aws.tags, 'gantry:cluster': clusterName }
    return { ipProtocol: 'tcp', fromPort: port, toPort: port, description, tags }
  }

  #peersOf(from: Caller): Peer[] {
    if (from !== 'clients' && from !== 'operators') {
      return [{ label: suffixes[from], rule: { referencedSecurityGroupId: this.ids[from] } }]
    }
    const { cidrs, securityGroupIds } = this.#context.aws[from]
    return [
      ...cidrs.map((cidrIpv4) => ({ label: `${from}-${cidrIpv4}`, rule: { cidrIpv4 } })),
      ...securityGroupIds.map((id) => ({ label: `${from}-${id}`, rule: { referencedSecurityGroupId: id } })),
    ]
  }
}

type RuleArgs = ConstructorParameters<ReturnType<typeof awsSdk>['vpc']['SecurityGroupEgressRule']>[1]
