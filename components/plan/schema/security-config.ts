import { z } from 'zod'

/** What stands under `security.tls`. How the steps of turning it on follow one another: docs/tls.md. */
const tlsSchema = z.strictObject({
  mode: z
    .enum(['permissive', 'enforcing'])
    .default('enforcing')
    .describe('permissive: ports take TLS and plain connections. enforcing: nothing but TLS.'),
  betweenNodes: z
    .boolean()
    .default(true)
    .describe(
      'Whether nodes, and the tools that run the cluster, speak TLS with nodes. false is the first step of a cluster that runs without: its ports take TLS, and nobody has to speak it yet.',
    ),
  clientCertificates: z
    .enum(['none', 'optional', 'require'])
    .default('optional')
    .describe(
      "Whether who connects to a node shows a certificate, which the cluster's authority has to have signed. Nodes always do, unless none.",
    ),
  generation: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe(
      'One more makes a new authority and new certificates, which nodes take without a restart. announceNext has to come first.',
    ),
  announceNext: z
    .boolean()
    .default(false)
    .describe('Makes the authority of the next generation, which nodes trust from then on, and gives it to clients.'),
  trustPrevious: z
    .boolean()
    .default(true)
    .describe('Whether the authority of the generation before is trusted beside that of this one.'),
  validDays: z
    .int()
    .min(1)
    .max(3650)
    .default(365)
    .describe(
      'How long certificates of nodes are valid. Those with less than a third left are made anew by the next up.',
    ),
})

/** What stands under `security.accessControl`. */
const accessControlSchema = z.strictObject({
  enforce: z
    .boolean()
    .default(true)
    .describe(
      'Whether brokers and proxies check who asks, and what it may do. false is the first step of a cluster that runs without: servers sign what they ask one another, and nobody is checked.',
    ),
  // No default of its own: what a stack was made with before this was known is to be the same as what says nothing of it.
  generation: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'One more gives the administrator and the servers new keys, and takes the former ones away, while the cluster runs; by gantry up. Left out: 1.',
    ),
})

/** What stands under `security`: everything in it is made for the cluster, once, and kept secret. */
export const securitySchema = z.strictObject({
  tls: tlsSchema.optional().describe('An authority of the cluster and a certificate for each node. Left out: no TLS.'),
  accessControl: accessControlSchema
    .optional()
    .describe('Credentials for an administrator and for the servers. Left out: anybody may do anything.'),
})

/** A checked `security` with its defaults. */
export type SecurityConfig = z.output<typeof securitySchema>
export type TlsConfig = NonNullable<SecurityConfig['tls']>

/** Which keys of the administrator and the servers a `security` goes by; undefined without access control. */
export const keysGeneration = (security: SecurityConfig | undefined): number | undefined =>
  security?.accessControl === undefined ? undefined : (security.accessControl.generation ?? 1)
