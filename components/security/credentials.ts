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

/** What users are called. @param mark after the names, see {@link newMark} and {@link generationMark} */
export const userNames = (mark = ''): { readonly admin: string; readonly servers: string } => ({
  admin: `gantry-admin${mark}`,
  servers: `gantry-servers${mark}`,
})

/** Brokers make users of both when they start and do not know the names. A user that they know keeps its password. */
export const newCredentials = (mark = ''): ClusterCredentials => {
  const { admin, servers } = userNames(mark)
  return {
    admin: { accessKey: admin, secretKey: newSecret() },
    servers: { accessKey: servers, secretKey: newSecret() },
  }
}

/** A user has one password: those with new keys have names of their own, so that both are known while servers go over. */
export const generationMark = (generation: number): string => (generation === 1 ? '' : `-${generation}`)

const markBytes = 3

/** For names that no broker knows, whatever data it is started on: credentials that are in a state go with it, and data stays. */
export const newMark = (): string => `-${randomBytes(markBytes).toString('hex')}`
