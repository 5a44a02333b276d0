import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Logger } from '../../observe/logger.ts'
import { onlyBrokerOf } from '../liveness/brokers-of-channel.ts'
import { DEFAULT_TIMEOUT_MS, type LiveBroker, LOWEST_PRIORITY } from '../liveness/live-broker.ts'
import { type BrokerGroup, masterAddressOf, replicaOf } from '../state/broker-group.ts'
import { int32 } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'consensus' | 'state' | 'live' | 'elections' | 'notifier' | 'settings' | 'logger'>
type Wanted = Omit<Needed, 'logger'> & { readonly strangers: Strangers }

/** Remembered, so that each is logged once. */
const STRANGERS_MAX = 1000

const HEARD: Response = { code: ResponseCode.SUCCESS, remark: 'Heart beat success' }

/**
 * BROKER_HEARTBEAT: every broker sends one a second to every controller, so nothing is allocated for one, and nothing is
 * agreed on. Official brokers send it oneway. One that asks with `withRole` is answered by the leader with the group's
 * master and epochs, so that it learns of a change without asking for it.
 */
export function heartbeat(services: Needed): Handlers {
  const all = { ...services, strangers: new Strangers(services.logger) }
  return [[RequestCode.BROKER_HEARTBEAT, (request, channel) => receive(all, request, channel)]]
}

function receive(services: Wanted, request: CommandView, channel: Channel): Response {
  const brokerId = request.integer('brokerId')
  if (brokerId === undefined) {
    throw new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, 'Heart beat with empty brokerId')
  }
  const broker = senderOf(services, request, channel, brokerId)
  if (broker === undefined) return HEARD
  readInto(broker, request)
  if (services.live.heard(broker, channel)) services.elections.came(broker)
  if (!services.consensus.isLeader) return HEARD
  const group = services.state.groups.get(broker.brokerName)
  if (group === undefined) return HEARD
  // It may not have heard who is master now.
  if (broker.epoch < group.masterEpoch && services.settings.conf.notifyBrokerRoleChanged) {
    services.notifier.notify(group, broker)
  }
  return request.flagField('withRole') ? roleOf(group) : HEARD
}

/** Undefined: not a broker whose heartbeats count. */
function senderOf(services: Wanted, request: CommandView, channel: Channel, brokerId: number): LiveBroker | undefined {
  const usual = onlyBrokerOf(channel)
  if (usual?.brokerId === brokerId && isText(request, 'brokerName', usual.brokerName)) return usual
  const brokerName = request.text('brokerName')
  if (brokerName === undefined) return undefined
  const known = services.live.find(brokerName, brokerId)
  if (known?.channel === channel) return known
  // The rest of what a process has sent that was overtaken by its successor.
  if (known?.channel !== undefined && known.channel.id > channel.id) return undefined
  const group = groupOf(services, request, brokerName, brokerId)
  return group && (known ?? services.live.add(group.brokerName, brokerId))
}

/** Compared where it lies. A name that is not ASCII is looked up instead. */
function isText({ bytes, fields }: CommandView, name: string, text: string): boolean {
  const at = fields.find(bytes, name)
  if (at < 0 || fields.valueLength[at] !== text.length) return false
  const start = fields.valueStart[at]!
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

/**
 * The group of the sender, if it is the broker in the books: not one of another cluster, nor one at another address,
 * started with a copy of its files. It registers first, which puts its address in the books.
 */
function groupOf(
  { state, strangers }: Wanted,
  request: CommandView,
  brokerName: string,
  brokerId: number,
): BrokerGroup | undefined {
  const group = state.groups.get(brokerName)
  const replica = group && replicaOf(group, brokerId)
  // Unknown here: it has to register, or this controller has not got so far yet.
  if (!replica) return undefined
  const cluster = request.text('clusterName')
  const address = request.text('brokerAddr')
  if (group.cluster === cluster && replica.address === address) return group
  strangers.report({ brokerName, brokerId, cluster, address }, { cluster: group.cluster, address: replica.address })
  return undefined
}

interface Sender {
  readonly brokerName: string
  readonly brokerId: number
  readonly cluster: string | undefined
  readonly address: string | undefined
}

/** One line for each, not one a second. */
class Strangers {
  readonly #logger: Logger
  readonly #seen = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  report(sender: Sender, registered: object): void {
    const key = JSON.stringify(sender)
    if (this.#seen.has(key)) return
    if (this.#seen.size >= STRANGERS_MAX) this.#seen.clear()
    this.#seen.add(key)
    this.#logger.warn(
      { ...sender, registered },
      'heartbeats ignored: they are not from the broker that has registered with this id',
    )
  }
}

const NO_OFFSET = -1
/** What follows it is a number that the log holds. */
const OFFSET_MAX = Number.MAX_SAFE_INTEGER - 1

function readInto(broker: LiveBroker, request: CommandView): void {
  broker.epoch = int32(request, 'epoch') ?? -1
  broker.maxOffset = Math.min(Math.max(NO_OFFSET, request.integer('maxOffset') ?? NO_OFFSET), OFFSET_MAX)
  broker.timeoutMs = int32(request, 'heartbeatTimeoutMills') ?? DEFAULT_TIMEOUT_MS
  broker.priority = int32(request, 'electionPriority') ?? LOWEST_PRIORITY
}

function roleOf(group: BrokerGroup): Response {
  const { masterBrokerId, masterEpoch, syncStateSetEpoch } = group
  const fields = { masterBrokerId, masterAddress: masterAddressOf(group), masterEpoch, syncStateSetEpoch }
  return { ...HEARD, fields }
}
