import { gunzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import type { PreviewedResource, StackPreview } from './stack-preview.ts'

/*
 * A preview as a page that a person can review: everything is counted, nodes and rules are tables, and what they are made
 * of is shown in full for one node of each kind.
 */

const table = (head: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')

const shortType = (type: string): string => type.replace(/^.*:/, '').replace(/^.*\//, '')
const isAws = ({ type }: PreviewedResource): boolean => type.startsWith('aws:')

function counts(resources: readonly PreviewedResource[]): string {
  const byType = new Map<string, number>()
  for (const { type } of resources) byType.set(type, (byType.get(type) ?? 0) + 1)
  return table(['type', 'how many'], [...byType].sort())
}

class Page {
  readonly #resources: readonly PreviewedResource[]
  readonly #stack: string

  constructor(stack: string, resources: readonly PreviewedResource[]) {
    this.#stack = stack
    this.#resources = resources
  }

  inputs(type: string, name: string): Record<string, unknown> {
    const found = this.#resources.find((each) => shortType(each.type) === type && each.name === name)
    return found?.inputs ?? {}
  }

  /** Names of the nodes, as resources are called after them. */
  nodes(): string[] {
    return this.#resources.filter(({ type }) => shortType(type) === 'Instance').map(({ name }) => name)
  }

  nodeTable(): string {
    const rows = this.nodes().map((name) => {
      const volume = this.inputs('Volume', `${name}-data`)
      const { instanceType } = this.inputs('Instance', name)
      const { privateIps } = this.inputs('NetworkInterface', `${name}-eni`)
      const disk = `${volume['size']} GiB, ${volume['iops']} IOPS, ${volume['throughput']} MiB/s`
      const { name: dnsName = '' } = this.inputs('Record', `${name}-name`)
      return [name.replace(`${this.#stack}-`, ''), volume['availabilityZone'], privateIps, dnsName, instanceType, disk]
    })
    return table(['node', 'zone', 'address', 'name', 'instance', 'data volume'], rows)
  }

  ruleTable(direction: 'Ingress' | 'Egress'): string {
    const clean = (text: unknown) => String(text).replace(`${this.#stack}-aws-`, '').replace(/-id$/, '')
    const rules = this.#resources.filter(({ type }) => shortType(type) === `SecurityGroup${direction}Rule`)
    const rows = rules.map(({ inputs }) => {
      const other = inputs['cidrIpv4'] ?? inputs['prefixListId'] ?? inputs['referencedSecurityGroupId']
      return [clean(inputs['securityGroupId']), inputs['fromPort'], clean(other), inputs['description']]
    })
    return table(['group', 'port', direction === 'Ingress' ? 'from' : 'to', 'for'], rows)
  }

  /** Resources in full, but for the tags that all have. */
  details(belongs: (resource: PreviewedResource) => boolean): string {
    const shown = this.#resources.filter(belongs).map(({ type, name, inputs, options }) => {
      const { userDataBase64, tags: _, source: __, ...plain } = inputs
      const userData =
        userDataBase64 === undefined ? {} : { userDataBase64: `(${decode(userDataBase64).length} bytes, below)` }
      const decided = Object.keys(options).length === 0 ? {} : { options }
      return { [`${shortType(type)} ${name}`]: { ...hidden(plain), ...userData, ...decided } }
    })
    return `\`\`\`yaml\n${shown.map((each) => stringify(each, { lineWidth: 0 })).join('')}\`\`\`\n`
  }

  userDataText(name: string): string {
    return decode(this.inputs('Instance', name)['userDataBase64'])
  }

  userData(name: string): string {
    return `\`\`\`sh\n${this.userDataText(name)}\`\`\`\n`
  }

  has({ type, name }: PreviewedResource): boolean {
    return this.#resources.some((each) => each.type === type && each.name === name)
  }

  /** Lines of a node's user data that are not in that of another page. */
  newLines(name: string, before: Page): string {
    const known = new Set(before.userDataText(name).split('\n'))
    const lines = this.userDataText(name).split('\n')
    return `\`\`\`sh\n${lines.filter((line) => !known.has(line)).join('\n')}\n\`\`\`\n`
  }
}

/** Long user data is compressed. */
function decode(base64: unknown): string {
  const data = Buffer.from(String(base64), 'base64')
  return (data.subarray(0, 2).equals(gzipMark) ? gunzipSync(data) : data).toString()
}

const gzipMark = Buffer.from([0x1f, 0x8b])

/** A secret among inputs as the SDK marks it. */
const isSecret = (value: unknown): boolean => typeof value === 'object' && value !== null && 'value' in value

const hidden = (inputs: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, isSecret(value) ? '[secret]' : value]))

const isRule = ({ type }: PreviewedResource): boolean => /SecurityGroup(Ingress|Egress)Rule$/.test(type)

/** What is there with `security` and not without: all of one node, and what the nodes share. */
function securedSection(stack: string, { resources }: StackPreview, before: Page): string {
  const page = new Page(stack, resources)
  const added = resources.filter((resource) => !before.has(resource))
  const [broker, foundation] = [`${stack}-broker-a-0`, `${stack}-aws-`]
  const shown = (resource: PreviewedResource) =>
    isAws(resource) &&
    added.includes(resource) &&
    !isRule(resource) &&
    (resource.name.startsWith(`${broker}-`) || resource.name.startsWith(`${foundation}broker-`))
  return `## With security

The same stack with \`security: { tls: {}, accessControl: {} }\` has, beside what is above:

${counts(added)}
The role \`${foundation}node\` is not there then: each kind of node has its own. Those of the brokers, and the secrets of one:

${page.details(shown)}
What user data of that broker has besides; the programs that ask AWS are the same but for \`fetch-secrets\`:

${page.newLines(broker, before)}`
}

/**
 * The page of a stack's preview.
 * @param secured the same stack with `security`
 */
export function previewPage(stack: string, { resources }: StackPreview, secured: StackPreview): string {
  const page = new Page(stack, resources)
  const firstOf = (part: string) => `${stack}-${part}-0`
  const ofNode = (name: string) => (resource: PreviewedResource) =>
    resource.name === name || (resource.name.startsWith(`${name}-`) && !resource.type.startsWith('gantry:'))
  const foundation = `${stack}-aws-`
  return `# What a preview of ${stack} shows

Generated by \`npm run docs\` from [stacks/Pulumi.${stack}.yaml](../stacks/Pulumi.${stack}.yaml) with Pulumi's mocks; a test keeps it
as it is. Ids end in \`-id\` here, and what AWS makes up by itself is made up. Tags are left out: \`Name\`, \`gantry:cluster\`,
\`gantry:node\`, \`gantry:kind\`, \`gantry:group\` and those of the config.

## Everything

${counts(resources)}
## Nodes

${page.nodeTable()}
## Who may connect

Nothing else is let in:

${page.ruleTable('Ingress')}
Nothing else is let out:

${page.ruleTable('Egress')}
## What the nodes share

${page.details((each) => isAws(each) && each.name.startsWith(foundation) && !isRule(each))}
## A NameServer

${page.details(ofNode(firstOf('namesrv')))}
## A controller

${page.details(ofNode(firstOf('controller')))}
## A broker

${page.details(ofNode(firstOf('broker-a')))}
Its user data:

${page.userData(firstOf('broker-a'))}
${securedSection(stack, secured, page)}`
}
