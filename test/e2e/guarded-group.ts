import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signedDraft } from '../../runtime/auth/remoting/signed-content.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { HmacKey } from '../../runtime/io/hmac-sha1.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { freePortBlock } from '../compat/server.ts'
import { EngineProcess } from './engine-process.ts'

/** What has to come about. */
export const LIMIT_MS = 60_000

export interface GuardedServer {
  readonly name: string
  readonly address: string
  process: EngineProcess
}

/** A controller and replicas of an elected group whose brokers check who asks: processes, and a client that signs. */
export class GuardedGroup {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-access-'))
  readonly client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    connectTimeoutMs: 1000,
  })
  readonly #processes: EngineProcess[] = []

  async close(): Promise<void> {
    this.client.close()
    for (const one of this.#processes.splice(0)) if (one.isRunning) await one.end('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** `inner`: in whose name servers ask one another; the secret key of a user is its name with `-secret`. */
  async startController(inner: string, address?: string): Promise<GuardedServer> {
    const at = address ?? `127.0.0.1:${await freePortBlock()}`
    const process = await this.#started('mqcontroller', 'controller', {
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: `n0-${at}`,
      controllerDLegerSelfId: 'n0',
      controllerStorePath: join(this.folder, 'controller'),
      bindAddress: '127.0.0.1',
      innerClientAuthenticationCredentials: credentialsOf(inner),
    })
    return { name: 'controller', address: at, process }
  }

  async startReplica(name: string, controllerAddr: string, inner: string, address?: string): Promise<GuardedServer> {
    const port = address === undefined ? await freePortBlock() : Number(address.split(':')[1])
    const process = await this.#started('mqbroker', name, {
      brokerName: 'broker-a',
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      listenPort: port,
      storePathRootDir: join(this.folder, name),
      enableControllerMode: 'true',
      controllerAddr,
      authenticationEnabled: 'true',
      authorizationEnabled: 'true',
      initAuthenticationUser: '{"username":"admin","password":"admin-secret"}',
      innerClientAuthenticationCredentials: credentialsOf(inner),
    })
    return { name, address: `127.0.0.1:${port}`, process }
  }

  ask(address: string, request: RequestDraft, username = 'admin'): Promise<RemotingCommand> {
    const key = new HmacKey(`${username}-secret`)
    return this.client.invoke(address, signedDraft(request, { accessKey: username, key }), 5000)
  }

  /** The one of them that the controller calls master. */
  async masterOf(controller: string, replicas: readonly GuardedServer[]): Promise<GuardedServer> {
    return until('a master', async () => {
      const request = { code: RequestCode.CONTROLLER_GET_REPLICA_INFO, fields: { brokerName: 'broker-a' } }
      const { fields } = await this.client.invoke(controller, request, 5000)
      return replicas.find(({ address, process }) => process.isRunning && address === fields['masterAddress'])
    })
  }

  async #started(
    program: 'mqcontroller' | 'mqbroker',
    name: string,
    conf: Record<string, string | number>,
  ): Promise<EngineProcess> {
    const process = new EngineProcess(program, this.folder, name, conf)
    this.#processes.push(process)
    await process.start('boot success')
    return process
  }
}

const credentialsOf = (user: string): string => JSON.stringify({ accessKey: user, secretKey: `${user}-secret` })

/** A message for the topic `orders`. */
export const message = (): RequestDraft => ({
  code: RequestCode.SEND_MESSAGE_V2,
  fields: { a: 'pg', b: 'orders', c: 'TBW102', d: 1, e: 0, f: 0, g: Date.now(), h: 0, i: '', j: 0, k: false, m: false },
  body: Buffer.from('hello'),
})

/** Makes the topic `orders`. */
export const ordersTopic = (): RequestDraft => {
  const sizes = { topic: 'orders', defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6, order: false }
  const fields = { ...sizes, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 }
  return { code: RequestCode.UPDATE_AND_CREATE_TOPIC, fields }
}

/** Looks again and again until there is something. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + LIMIT_MS
  let last: unknown
  while (performance.now() < end) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${what}: not within ${LIMIT_MS} ms (${last})`)
}
