import type { ComponentResource, CustomResourceOptions, Input, Output, Resource } from '@pulumi/pulumi'
import type { PlanNode } from '../plan/plan-node.ts'
import type { SecurityConfig } from '../plan/schema/security-config.ts'
import type { TlsFiles } from '../plan/security/tls-properties.ts'

/** A node to bring to life. */
export interface NodeRequest {
  /** Name of its resource; further resources of the node derive theirs from it. */
  readonly name: string
  /** Known before the program has run but for what comes from other resources. */
  readonly node: Input<PlanNode>
  /** The same for all that: what never depends on another resource. Its conf file's text may. */
  readonly place: PlanNode
  /** Whether its conf file has values that came as outputs, as secrets do: they are not to be seen by who looks at the node. */
  readonly isConfPrivate?: boolean
  /** A platform that has tlsFiles is given secrets apart: in `node` words stand for them then. */
  readonly secrets?: Output<NodeSecrets>
  /** Of the cluster, together with `secrets`. */
  readonly security?: SecurityConfig
  /** NameServers it has to register with: `host:port`. None for a NameServer. */
  readonly nameServers: Input<string[]>
  /** For a slave: its master. */
  readonly master?: NodeResource
  /**
   * Has to be healthy before this one starts, or is touched: the nodes of a part form a chain. A promise where the chain's order is
   * looked for while the program runs, of undefined for the first.
   */
  readonly after?: NodeResource | Promise<NodeResource | undefined>
  /** Have to be there before it, and go after it. */
  readonly before?: readonly Resource[]
}

/** What a cluster's `security` gives to a node, and nobody else is to see. */
export interface NodeSecrets {
  /** Texts by name, in the folder of its files for TLS. */
  readonly files: Readonly<Record<string, string>>
  /** Secrets by the words that stand for them in its conf file. */
  readonly words: Readonly<Record<string, string>>
}

/** A node as a platform made it. */
export interface NodeResource {
  readonly resource: Resource
  /** `host:port` where the other nodes reach it; known once it is healthy. */
  readonly address: Output<string>
  /** `host:port` where clients reach it; known once it is healthy. */
  readonly advertisedAddress: Output<string>
}

/** The component whose nodes a platform makes. */
export interface PlatformOwner {
  readonly component: ComponentResource
  readonly name: string
  /** The component it is part of: what all parts share belongs to that. */
  readonly parent?: Resource | undefined
  /** A whole cluster, which makes what its parts share. */
  readonly isCluster?: boolean
}

/** Where nodes run: one implementation per kind of machine, nodes in, addresses and handles out. */
export interface NodePlatform {
  /** Registers the resources of a node. They depend on its master and on what its inputs come from. */
  addNode(request: NodeRequest, options: CustomResourceOptions): NodeResource
  /** Where nodes find their files for TLS, where the platform brings secrets to them by a way of its own. */
  readonly tlsFiles?: TlsFiles
  /** Names and addresses by which a node is reached besides those of its place, for its certificate. */
  certificateNames?(request: NodeRequest): readonly string[]
  /** `host:port` of what stands before all proxies added so far, if anything does. */
  proxyEndpoint?(): Output<string> | undefined
}

/** For `dependsOn` of what is touched in a node's turn: what has to be there anyway, and the node whose turn is before. */
export function inTurn(sure: readonly Resource[], { after }: Pick<NodeRequest, 'after'>): Input<Resource[]> {
  const withIt = (former: NodeResource | undefined): Resource[] => [
    ...sure,
    ...(former === undefined ? [] : [former.resource]),
  ]
  return after instanceof Promise ? after.then(withIt) : withIt(after)
}
