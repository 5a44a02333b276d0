import { asObject, booleanField, listField, textField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { RemotingClient } from '../../net/remoting-client.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { type MessageQueue, readMessageQueue } from '../metadata/message-queue.ts'
import { readBody } from '../metadata/request-body.ts'
import type { QueueLocks } from './queue-locks.ts'

interface LockSettings {
  /** A lock counts only when a majority of the broker group's replicas holds it. */
  readonly lockInStrictMode: boolean
  readonly totalReplicas: number
}

export interface LockHandlerDeps {
  readonly locks: QueueLocks
  readonly settings: Current<LockSettings>
  readonly logger: Logger
  readonly client: Pick<RemotingClient, 'invoke'>
  /** Addresses of the other replicas of the broker group. */
  readonly peers: () => readonly string[]
}

interface LockRequest {
  readonly group: string
  readonly clientId: string
  readonly onlyThisBroker: boolean
  readonly queues: readonly MessageQueue[]
}

const PEER_TIMEOUT_MS = 1000

/** LOCK_BATCH_MQ and UNLOCK_BATCH_MQ. */
export function registerLockHandlers(server: HandlerRegistry, deps: LockHandlerDeps): void {
  server.handle(RequestCode.LOCK_BATCH_MQ, (request) => lock(deps, request))
  server.handle(RequestCode.UNLOCK_BATCH_MQ, (request) => unlock(deps, request))
}

function lock(deps: LockHandlerDeps, request: CommandView): Response | Promise<Response> {
  const asked = readBody(request, readLockRequest)
  const own = deps.locks.lock(asked.group, asked.queues, asked.clientId)
  const quorum = Math.floor(deps.settings.current.totalReplicas / 2) + 1
  if (!isStrict(deps, asked) || quorum <= 1) return locked(own)
  return lockByMajority(deps, asked, own, quorum)
}

async function lockByMajority(
  deps: LockHandlerDeps,
  asked: LockRequest,
  own: readonly MessageQueue[],
  quorum: number,
): Promise<Response> {
  const answers = await askPeers(deps, RequestCode.LOCK_BATCH_MQ, { ...asked, queues: own })
  const votes = new Map<string, number>()
  for (const queue of [own, ...answers].flat()) votes.set(key(queue), (votes.get(key(queue)) ?? 0) + 1)
  return locked(own.filter((queue) => votes.get(key(queue))! >= quorum))
}

function unlock(deps: LockHandlerDeps, request: CommandView): Response | Promise<Response> {
  const asked = readBody(request, readLockRequest)
  deps.locks.unlock(asked.group, asked.queues, asked.clientId)
  if (!isStrict(deps, asked)) return { code: ResponseCode.SUCCESS }
  return askPeers(deps, RequestCode.UNLOCK_BATCH_MQ, asked).then(() => ({ code: ResponseCode.SUCCESS }))
}

/** `onlyThisBroker` marks what one replica asks of another: it is not passed on. */
function isStrict(deps: LockHandlerDeps, asked: LockRequest): boolean {
  return deps.settings.current.lockInStrictMode && !asked.onlyThisBroker
}

/** What each peer locked; a peer that does not answer in time has locked nothing. */
function askPeers(deps: LockHandlerDeps, code: number, asked: LockRequest): Promise<MessageQueue[][]> {
  const { group: consumerGroup, clientId, queues: mqSet } = asked
  const body = encodeJson({ clientId, consumerGroup, mqSet, onlyThisBroker: true })
  return Promise.all(deps.peers().map((peer) => askPeer(deps, peer, { code, body })))
}

async function askPeer(deps: LockHandlerDeps, peer: string, request: RequestDraft): Promise<MessageQueue[]> {
  try {
    const answer = await deps.client.invoke(peer, request, PEER_TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS) throw new RequestError(ResponseCode.SYSTEM_ERROR, answer.remark ?? '')
    return answer.body ? readLocked(parseJsonBytes(answer.body)) : []
  } catch (error) {
    deps.logger.warn({ peer, problem: String(error) }, 'a replica did not lock or unlock queues')
    return []
  }
}

function readLockRequest(content: JsonValue): LockRequest {
  const object = asObject(content, 'lock request')
  const group = textField(object, 'consumerGroup')
  const clientId = textField(object, 'clientId')
  const queues = listField(object, 'mqSet')
  if (group === undefined || clientId === undefined || queues === undefined) {
    throw new RequestError(ResponseCode.SYSTEM_ERROR, 'a lock request needs consumerGroup, clientId and mqSet')
  }
  const onlyThisBroker = booleanField(object, 'onlyThisBroker') ?? false
  return { group, clientId, onlyThisBroker, queues: queues.map(readMessageQueue) }
}

function readLocked(content: JsonValue): MessageQueue[] {
  return (listField(asObject(content, 'lock answer'), 'lockOKMQSet') ?? []).map(readMessageQueue)
}

function locked(lockOKMQSet: readonly MessageQueue[]): Response {
  return { code: ResponseCode.SUCCESS, body: encodeJson({ lockOKMQSet }) }
}

function key({ brokerName, queueId, topic }: MessageQueue): string {
  return `${brokerName}@${queueId}@${topic}`
}
