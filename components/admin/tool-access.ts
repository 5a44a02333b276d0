import { AsyncLocalStorage } from 'node:async_hooks'
import { type Credentials, signedDraft } from '../../runtime/auth/remoting/signed-content.ts'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { HmacKey } from '../../runtime/io/hmac-sha1.ts'
import type { Network } from '../../runtime/io/network.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { Tls } from '../../runtime/io/tls/tls.ts'
import { toolCredentials } from './tool-credentials.ts'
import { toolNetwork } from './tool-network.ts'

/** What a cluster was made with that its tools need: all of it secret. */
export interface AccessSecrets {
  /** In PEM format. Left out: TLS is as the environment says. */
  readonly tls?: { readonly trusted: string; readonly key: string; readonly cert: string }
  /** Left out: as the environment says. */
  readonly credentials?: { readonly accessKey: string; readonly secretKey: string }
}

/**
 * How tools reach the nodes of a cluster, and in whose name. What it says may change while connections are open: those that are
 * opened later, and requests that are sent later, go by it.
 */
export class ToolAccess {
  #secrets = ''
  #network: Network | undefined
  #credentials: Credentials | undefined

  /** For `network` of a NetContext. */
  readonly network: Network = {
    listen: (address, accept) => this.#now().listen(address, accept),
    connect: (address, timeoutMs, events) => this.#now().connect(address, timeoutMs, events),
  }

  constructor(secrets?: AccessSecrets) {
    if (secrets !== undefined) this.use(secrets)
  }

  /** From now on by these. @throws Error when they are no keys or certificates */
  use(secrets: AccessSecrets): void {
    const text = JSON.stringify(secrets)
    if (text === this.#secrets) return
    const { tls, credentials } = secrets
    this.#network =
      tls &&
      new RealNetwork({
        tls: new Tls(
          { server: undefined, client: { own: undefined, trustCertPath: undefined, inMemory: tls } },
          (error) => process.emitWarning(error),
        ),
      })
    this.#credentials = credentials && { accessKey: credentials.accessKey, key: new HmacKey(credentials.secretKey) }
    this.#secrets = text
  }

  /** @throws Error when what the environment says cannot be used */
  readonly sign = (draft: RequestDraft): RequestDraft => {
    const credentials = this.#credentials ?? toolCredentials()
    return credentials === undefined ? draft : signedDraft(draft, credentials)
  }

  /** @throws Error when what the environment says, and is to be used, cannot be used */
  check(): void {
    this.#now()
    if (this.#credentials === undefined) toolCredentials()
  }

  #now(): Network {
    return this.#network ?? toolNetwork()
  }
}

const ofEnvironment = new ToolAccess()
const current = new AsyncLocalStorage<ToolAccess>()

/** Clients that are made in `run`, or in what goes on from there, reach nodes in this way; all others as the environment says. */
export const withToolAccess = <T>(access: ToolAccess, run: () => T): T => current.run(access, run)

export const currentToolAccess = (): ToolAccess => current.getStore() ?? ofEnvironment
