import * as pulumi from '@pulumi/pulumi'
import type { AccessSecrets } from '../admin/tool-access.ts'
import { serializedProvider } from '../dynamic/serialized-provider.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import type { SecurityConfig } from '../plan/schema/security-config.ts'
import { secureNode } from '../plan/security/secure-node.ts'
import type { NodePlatform, NodeRequest, NodeResource } from '../platform/node-platform.ts'
import type { Authority } from './authorities.ts'
import type { KeyAndCert } from './certificate-facts.ts'
import type { ClusterSecretsInputs } from './cluster-secrets-implementation.ts'
import type { ClusterCredentials } from './credentials.ts'
import { fillSecrets } from './fill-secrets.ts'
import type { NodeCertificateInputs } from './node-certificate-implementation.ts'
import { nodeSecrets } from './node-secrets.ts'

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

const typeModule = 'gantry'
const dynamicType = 'pulumi-nodejs:dynamic/gantry:'
/** These ask no node, and what others reach nodes by comes from them. */
const withoutAccess = ['ClusterSecrets', 'NodeCertificate', 'DataFolder', 'DockerNetwork', 'NodeSeat'].map(
  (name) => `${dynamicType}${name}`,
)

class ClusterSecrets extends pulumi.dynamic.Resource {
  // Plain fields would overwrite what the base class has set.
  declare readonly authorities: pulumi.Output<Authority[]>
  declare readonly trusted: pulumi.Output<string>
  declare readonly credentials: pulumi.Output<ClusterCredentials | null>
  declare readonly toolAccess: pulumi.Output<AccessSecrets>
  declare readonly client: pulumi.Output<KeyAndCert | null>

  constructor(name: string, inputs: ClusterSecretsInputs, options: pulumi.CustomResourceOptions) {
    const known = { authorities: undefined, trusted: undefined, credentials: undefined }
    const further = { tools: undefined, toolAccess: undefined, client: undefined }
    const additionalSecretOutputs = ['authorities', 'credentials', 'tools', 'toolAccess', 'client']
    const all = { ...inputs, ...known, ...further }
    const kept = { ...options, additionalSecretOutputs }
    super(serializedProvider('clusterSecrets'), name, all, kept, typeModule, 'ClusterSecrets')
  }
}

class NodeCertificate extends pulumi.dynamic.Resource {
  declare readonly key: pulumi.Output<string>
  declare readonly cert: pulumi.Output<string>

  constructor(name: string, inputs: Inputs<NodeCertificateInputs>, options: pulumi.CustomResourceOptions) {
    const all = { ...inputs, key: undefined, cert: undefined }
    const kept = { ...options, additionalSecretOutputs: ['key', 'authority'] }
    super(serializedProvider('nodeCertificate'), name, all, kept, typeModule, 'NodeCertificate')
  }
}

/** Of clusters that have one, for their parts. */
const ofCluster = new WeakMap<pulumi.Resource, ClusterSecurity>()

/** What a cluster's `security` makes, for all of its parts. */
export class ClusterSecurity {
  readonly #config: SecurityConfig
  readonly #secrets: ClusterSecrets

  /** Made by the cluster before its parts, which find it by {@link securityOf}. */
  constructor(cluster: pulumi.ComponentResource, name: string, inputs: ClusterSecretsInputs) {
    this.#config = inputs.security
    this.#secrets = new ClusterSecrets(`${name}-secrets`, inputs, { parent: cluster })
    ofCluster.set(cluster, this)
  }

  /** What clients trust; '' without TLS. No secret. */
  get trusted(): pulumi.Output<string> {
    return pulumi.unsecret(this.#secrets.trusted)
  }

  /** What clients show; undefined where they need not show anything. A secret. */
  get client(): pulumi.Output<KeyAndCert | undefined> {
    return pulumi.secret(this.#secrets.client.apply((pair) => pair ?? undefined))
  }

  /** Keys of the administrator; undefined without access control. A secret. */
  get admin(): pulumi.Output<ClusterCredentials['admin'] | undefined> {
    return pulumi.secret(this.#secrets.credentials.apply((all) => all?.admin))
  }

  /** How the provider reaches nodes. A secret. */
  get access(): pulumi.Output<AccessSecrets> {
    return pulumi.secret(this.#secrets.toolAccess)
  }

  /** A platform whose nodes have what they need of it. */
  guard(platform: NodePlatform): NodePlatform {
    return {
      ...(platform.proxyEndpoint === undefined ? {} : { proxyEndpoint: () => platform.proxyEndpoint?.() }),
      addNode: (request, options) => this.#addNode(platform, request, options),
    }
  }

  #addNode(platform: NodePlatform, request: NodeRequest, options: pulumi.CustomResourceOptions): NodeResource {
    const pems = this.#pems(platform, request, options)
    const secure = (node: PlanNode): PlanNode => secureNode(node, this.#config, platform.tlsFiles)
    const place = secure(request.place)
    const { tlsFiles } = platform
    if (tlsFiles !== undefined) {
      const made = pulumi.all([this.#secrets.credentials, pems ?? null] as const)
      const secrets = pulumi.secret(
        made.apply(([credentials, files]) => nodeSecrets(place, tlsFiles, credentials, files)),
      )
      const node = pulumi.output(request.node).apply((planned) => secure(planned as PlanNode))
      return platform.addNode({ ...request, node, place, secrets, security: this.#config }, options)
    }
    const node = pulumi
      .all([request.node, this.#secrets.credentials, pems ?? null] as const)
      .apply(([planned, credentials, files]) => filled(secure(planned as PlanNode), credentials, files))
    return platform.addNode({ ...request, node: pulumi.secret(node), place }, options)
  }

  /** The node's certificate, and what else it is to show or to trust. */
  #pems(platform: NodePlatform, request: NodeRequest, options: pulumi.CustomResourceOptions) {
    const { tls } = this.#config
    if (tls === undefined) return undefined
    const { id, address, advertisedAddress } = request.place
    const authority = this.#secrets.authorities.apply(([first]) => ({ key: first?.key ?? '', cert: first?.cert ?? '' }))
    const names = platform.certificateNames?.(request)
    const certified = { id, address, advertisedAddress, ...(names === undefined ? {} : { names: [...names] }) }
    const inputs = { authority: pulumi.secret(authority), node: certified, validDays: tls.validDays }
    const { key, cert } = new NodeCertificate(`${request.name}-certificate`, inputs, options)
    return { key, cert, trusted: this.#secrets.trusted }
  }
}

type Pems = NonNullable<PlanNode['pems']>

/** A node with its secrets in it. */
function filled(node: PlanNode, credentials: ClusterCredentials | null, pems: Pems | null): PlanNode {
  const { path, text } = node.confFile
  return {
    ...node,
    confFile: { path, text: credentials === null ? text : fillSecrets(text, () => credentials) },
    ...(pems === null ? {} : { pems }),
  }
}

/** What a component's cluster has, if it has any. */
export const securityOf = (cluster: pulumi.Resource | undefined): ClusterSecurity | undefined =>
  cluster && ofCluster.get(cluster)

/**
 * Options by which every resource below a cluster that asks nodes is given what it reaches them by: see the provider in
 * components/dynamic.
 */
export function accessForAll(cluster: () => pulumi.Resource | undefined): pulumi.ResourceTransformation {
  return ({ type, props, opts }) => {
    if (!type.startsWith(dynamicType) || withoutAccess.includes(type)) return undefined
    const security = securityOf(cluster())
    return security === undefined ? undefined : { props: { ...props, access: security.access }, opts }
  }
}
