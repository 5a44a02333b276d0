import { randomBytes } from 'node:crypto'

/** A user of the cluster as it signs. */
interface UserKeys {
  readonly accessKey: string
  readonly secretKey: string
}

/** Who is known to a cluster from the start: both may do everything. */
export interface ClusterCredentials {
  /** For people and their tools. */
  readonly admin: UserKeys
  /** In whose name the servers ask one another. */
  readonly servers: UserKeys
}

/** So many random bytes that nobody finds it by trying. */
const secretBytes = 24

const newSecret = (): string => randomBytes(secretBytes).toString('base64url')

/**
 * Brokers make users of both when they start and do not know the names. A user that they know keeps its password.
 * @param mark after the names, see {@link newMark}
 */
export const newCredentials = (mark = ''): ClusterCredentials => ({
  admin: { accessKey: `gantry-admin${mark}`, secretKey: newSecret() },
  servers: { accessKey: `gantry-servers${mark}`, secretKey: newSecret() },
})

const markBytes = 3

/** For names that no broker knows, whatever data it is started on: credentials that are in a state go with it, and data stays. */
export const newMark = (): string => `-${randomBytes(markBytes).toString('hex')}`
