import { encodeReplicasInfo } from '../../../runtime/codec/controller/replicas-info.ts'
import { encodeJson } from '../../../runtime/codec/json/write-json.ts'
import {
  type RemotingCommand,
  type RequestDraft,
  type Response,
  responseCommand,
} from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { InvocationError } from '../../../runtime/net/pending-invocations.ts'
import { AdminError } from '../../admin/admin-client.ts'
import type { LiveCluster } from '../live-cluster.ts'

/** A clock on which waiting takes no time: it jumps to the moment that was asked for. */
class JumpingClock {
  #nowMs = 1_700_000_000_000

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void) {
    this.#nowMs += delayMs
    setImmediate(run)
    return { cancel: () => {} }
  }
}

type Handler = (request: RequestDraft) => Response

/** A replica as the controllers know it. */
export interface FakeReplica {
  readonly id: number
  readonly address: string
  inSync: boolean
  alive: boolean
  /** Where its commit log ends. */
  end: number
}

const kvKey = (address: string, { fields }: RequestDraft): string =>
  `${address} ${fields?.['namespace']} ${fields?.['key']}`

/** One broker group `broker-a` of a cluster `Shop`, two NameServers and a controller, as their answers look. */
export class FakeCluster {
  readonly clock = new JumpingClock()
  readonly nameServers = ['ns-0:9876', 'ns-1:9876']
  controllers = ['ctl-0:9878']
  readonly name = 'Shop'
  /** Every request that changes something: `address code`. */
  readonly asked: string[] = []
  /** Addresses that answer nothing. */
  readonly down = new Set<string>()
  readonly replicas: FakeReplica[] = [0, 1, 2].map((id) => ({
    id,
    address: `broker-a-${id}:10911`,
    inSync: true,
    alive: true,
    end: 1000,
  }))
  master: string | undefined = 'broker-a-0:10911'
  /** What each NameServer routes to, when it is behind. */
  readonly routed = new Map<string, string>()
  readonly permissions = new Map<string, number>()
  /** Key-value configuration of each NameServer: `address key`. */
  readonly kv = new Map<string, string>()
  /** Further answers, before the usual ones: `address code`. */
  readonly answers = new Map<string, Handler>()
  readonly told: string[] = []
  /** Runs at each request. */
  meanwhile: () => void = () => {}

  get live(): LiveCluster {
    return {
      asker: {
        ask: (address, request) => this.#ask(address, request),
        connect: async (address) => this.#knock(address),
      },
      clock: this.clock,
      name: this.name,
      nameServers: this.nameServers,
      controllers: this.controllers,
      tell: (text) => void this.told.push(text),
    }
  }

  answer(address: string, code: number, handler: Handler): void {
    this.answers.set(`${address} ${code}`, handler)
  }

  async #ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
    this.meanwhile()
    this.#knock(address)
    const own = this.answers.get(`${address} ${request.code}`)
    const response = own?.(request) ?? this.#usual(address, request)
    const { code, remark } = response
    if (code !== ResponseCode.SUCCESS)
      throw new AdminError(code, `${address} answered ${request.code}: ${remark ?? ''}`)
    return responseCommand(response, 1, 0)
  }

  #knock(address: string): void {
    if (this.down.has(address)) throw new InvocationError('connection', `connect to ${address} failed`)
  }

  #usual(address: string, request: RequestDraft): Response {
    const ok = (body?: object): Response => ({
      code: ResponseCode.SUCCESS,
      ...(body === undefined ? {} : { body: encodeJson(body) }),
    })
    switch (request.code) {
      case RequestCode.GET_BROKER_CLUSTER_INFO:
        return ok(this.#clusterInfo(address))
      case RequestCode.GET_ROUTEINFO_BY_TOPIC:
        return ok(this.#route())
      case RequestCode.CONTROLLER_GET_METADATA_INFO:
        return {
          code: ResponseCode.SUCCESS,
          fields: { controllerLeaderAddress: this.controllers[0], isLeader: 'true', peers: 'n0:ctl-0:9878;' },
        }
      case RequestCode.CONTROLLER_GET_SYNC_STATE_DATA:
        return { code: ResponseCode.SUCCESS, body: this.#replicasInfo() }
      case RequestCode.CONTROLLER_ELECT_MASTER: {
        this.asked.push(`elect ${request.fields?.['brokerId']}`)
        this.master = this.replicas.find(({ id }) => id === request.fields?.['brokerId'])?.address
        return ok()
      }
      case RequestCode.GET_BROKER_RUNTIME_INFO: {
        const replica = this.replicas.find((each) => each.address === address)
        return ok({ table: { commitLogMaxOffset: String(replica?.end ?? 0) } })
      }
      case RequestCode.GET_ALL_TOPIC_CONFIG:
      case RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG:
      case RequestCode.GET_ALL_CONSUMER_OFFSET:
      case RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER:
        return ok({})
      case RequestCode.GET_TOPIC_STATS_INFO:
        return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `no topic ${request.fields?.['topic']}` }
      case RequestCode.GET_BROKER_CONFIG: {
        const text = `brokerPermission=${this.permissions.get(address) ?? 6}\n`
        return { code: ResponseCode.SUCCESS, body: Buffer.from(text) }
      }
      case RequestCode.UPDATE_BROKER_CONFIG: {
        const text = Buffer.from(request.body ?? []).toString()
        this.asked.push(`${address} ${text.trim()}`)
        const [, permission] = /^brokerPermission=(\d)$/m.exec(text) ?? []
        if (permission !== undefined) this.permissions.set(address, Number(permission))
        return ok()
      }
      case RequestCode.PUT_KV_CONFIG:
        this.kv.set(kvKey(address, request), String(request.fields?.['value']))
        return ok()
      case RequestCode.DELETE_KV_CONFIG:
        this.kv.delete(kvKey(address, request))
        return ok()
      case RequestCode.GET_KV_CONFIG: {
        const value = this.kv.get(kvKey(address, request))
        if (value === undefined) return { code: ResponseCode.QUERY_NOT_FOUND, remark: 'No config item' }
        return { code: ResponseCode.SUCCESS, fields: { value } }
      }
      default:
        return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: `request type ${request.code} not supported` }
    }
  }

  #clusterInfo(nameServer: string) {
    const master = this.routed.get(nameServer) ?? this.master
    const slaves = this.replicas.filter(({ address, alive }) => alive && address !== master)
    const brokerAddrs = {
      ...(master === undefined ? {} : { 0: master }),
      ...Object.fromEntries(slaves.map(({ id, address }) => [id + 1, address])),
    }
    return {
      brokerAddrTable: { 'broker-a': { brokerName: 'broker-a', cluster: this.name, brokerAddrs } },
      clusterAddrTable: { [this.name]: ['broker-a'] },
    }
  }

  #route() {
    const perm = (this.permissions.get(this.master ?? '') ?? 6) & 6
    const queue = { brokerName: 'broker-a', perm, readQueueNums: 1, writeQueueNums: 1, topicSysFlag: 0 }
    return { queueDatas: [queue], brokerDatas: [], filterServerTable: {} }
  }

  #replicasInfo(): Buffer {
    const identity = ({ id, address, alive }: FakeReplica) => {
      return { brokerName: 'broker-a', brokerId: id, brokerAddress: address, alive }
    }
    const info = {
      masterBrokerId: this.replicas.find(({ address }) => address === this.master)?.id,
      masterAddress: this.master,
      masterEpoch: 1,
      syncStateSetEpoch: 1,
      inSyncReplicas: this.replicas.filter(({ inSync }) => inSync).map(identity),
      notInSyncReplicas: this.replicas.filter(({ inSync }) => !inSync).map(identity),
    }
    return encodeReplicasInfo(new Map([['broker-a', info]]))
  }
}
