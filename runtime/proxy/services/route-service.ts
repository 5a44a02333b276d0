import { MASTER_ID, PERM_READ, PERM_WRITE, type QueueData } from '../../codec/route/route-data.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { acceptedKinds } from '../brokers/message-type.ts'
import { groupName, topicName } from '../messages/names.ts'
import { OK, status } from '../proxy-error.ts'
import { AddressScheme, type Endpoints, type MessageQueueDraft, Permission, type Resource } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClientCall } from './client-call.ts'

interface RouteRequest {
  readonly topic: Resource | undefined
  readonly endpoints: Endpoints | undefined
}

/** Tells clients which queues there are; all of them are reached through this proxy (source: RouteActivity). */
export class RouteService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf

  constructor(gateway: BrokerGateway, conf: ProxyConf) {
    this.#gateway = gateway
    this.#conf = conf
  }

  async queryRoute(call: ClientCall, request: RouteRequest) {
    const name = topicName(request.topic)
    const { data } = await this.#gateway.route(name)
    const acceptMessageTypes = acceptedKinds(await this.#gateway.topicType(name))
    const endpoints = this.#endpoints(call, request.endpoints)
    const brokers = new Map(data.brokerDatas.map((broker) => [broker.brokerName, [...broker.brokerAddrs.keys()]]))
    const messageQueues = data.queueDatas.flatMap((queue) =>
      (brokers.get(queue.brokerName) ?? []).flatMap((id) => {
        const broker = { name: queue.brokerName, id, endpoints }
        return queuesOf(queue).map((one) => ({ ...one, topic: request.topic, broker, acceptMessageTypes }))
      }),
    )
    return { status: OK, messageQueues }
  }

  /** Where a consumer is to ask for messages: one queue for each broker, -1, which stands for all of its queues. */
  async queryAssignment(call: ClientCall, request: RouteRequest & { readonly group: Resource | undefined }) {
    const name = topicName(request.topic)
    const group = groupName(request.group)
    const { data } = await this.#gateway.route(name)
    const settings = await this.#gateway.group(group)
    // Lite topics are no queues of the topic: brokers are asked for all of them at once.
    const isOrdered = settings?.isOrdered === true && settings.bindTopic === undefined
    const endpoints = this.#endpoints(call, request.endpoints)
    const masters = new Set(
      data.brokerDatas.filter(({ brokerAddrs }) => brokerAddrs.size > 0).map(({ brokerName }) => brokerName),
    )
    const assignments = data.queueDatas
      .filter((queue) => (queue.perm & PERM_READ) !== 0 && queue.readQueueNums > 0 && masters.has(queue.brokerName))
      .flatMap((queue) => {
        const ids = isOrdered ? Array.from({ length: queue.readQueueNums }, (_, id) => id) : [-1]
        const broker = { name: queue.brokerName, id: MASTER_ID, endpoints }
        return ids.map((id) => ({
          messageQueue: { topic: request.topic, id, permission: permissionOf(queue.perm), broker },
        }))
      })
    if (assignments.length === 0) return { status: status(StatusCode.FORBIDDEN, 'no readable queue') }
    return { status: OK, assignments }
  }

  /** Where clients are to connect: what is configured, or where this one has connected to. */
  #endpoints(call: ClientCall, given: Endpoints | undefined): Endpoints {
    const { advertisedEndpoints, useEndpointPortFromRequest, grpcServerPort } = this.#conf
    if (advertisedEndpoints.length > 0) {
      const addresses = advertisedEndpoints.map((text) => {
        const colon = text.lastIndexOf(':')
        return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) }
      })
      return { scheme: schemeOf(addresses[0]!.host), addresses }
    }
    const port = grpcServerPort === 0 ? call.localPort : grpcServerPort
    if (given === undefined || given.addresses.length === 0) {
      return { scheme: schemeOf(call.localHost), addresses: [{ host: call.localHost, port }] }
    }
    const addresses = given.addresses.map((address) => (useEndpointPortFromRequest ? address : { ...address, port }))
    return { scheme: given.scheme, addresses }
  }
}

function schemeOf(host: string): number {
  if (host.includes(':')) return AddressScheme.ipv6
  return /^[\d.]+$/.test(host) ? AddressScheme.ipv4 : AddressScheme.domainName
}

/** Queue ids run on through those to read, to write, and for both, in this order. */
function queuesOf({ perm, readQueueNums, writeQueueNums }: QueueData): MessageQueueDraft[] {
  const reads = (perm & PERM_READ) === 0 ? 0 : readQueueNums
  const writes = (perm & PERM_WRITE) === 0 ? 0 : writeQueueNums
  if (reads === 0 && writes === 0 && (perm & (PERM_READ | PERM_WRITE)) === 0) {
    return queues(0, Math.max(1, readQueueNums, writeQueueNums), Permission.none)
  }
  const both = Math.min(reads, writes)
  return [
    ...queues(0, reads - both, Permission.read),
    ...queues(reads - both, writes - both, Permission.write),
    ...queues(reads - both + writes - both, both, Permission.readWrite),
  ]
}

function queues(from: number, count: number, permission: number): MessageQueueDraft[] {
  return Array.from({ length: count }, (_, i) => ({ id: from + i, permission }))
}

function permissionOf(perm: number): number {
  const [reads, writes] = [(perm & PERM_READ) !== 0, (perm & PERM_WRITE) !== 0]
  if (reads && writes) return Permission.readWrite
  return reads ? Permission.read : writes ? Permission.write : Permission.none
}
