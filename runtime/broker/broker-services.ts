import { UniqueKeyMaker } from '../codec/message/message-id.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import { SCHEDULE_TOPIC } from '../store/delay-levels.ts'
import { registerAdminHandlers } from './admin/admin-handlers.ts'
import { registerQueryAssignment } from './assignment/query-assignment.ts'
import { refuseAuthRequests, registerAuthHandlers } from './auth/auth-handlers.ts'
import type { BrokerParts } from './broker-parts.ts'
import { registerClientHandlers } from './clients/client-handlers.ts'
import { registerLiteAdmin } from './lite/lite-admin.ts'
import { registerLiteHandlers } from './lite/lite-handlers.ts'
import { registerLockHandlers } from './locks/lock-handlers.ts'
import type { HandlerRegistry } from './metadata/handler-registry.ts'
import { journaledRegistry } from './metadata-journal/journaled-handler.ts'
import { minOffsetIn } from './offsets/min-offset-in.ts'
import { registerOffsetHandlers } from './offsets/offset-handlers.ts'
import { registerPopHandlers } from './pop/pop-handlers.ts'
import { PopLog } from './pop/pop-log.ts'
import { registerQueryHandlers } from './query/query-handlers.ts'
import { registerReplicaHandlers } from './replica-group/replica-handlers.ts'
import { ReplyHandler } from './reply/reply-handler.ts'
import { SendBackHandler, type SendBackParts } from './send/send-back-handler.ts'
import { SendHandler } from './send/send-handler.ts'
import { staticTopicRegistry } from './static-topics/static-requests.ts'
import { RecallHandler } from './timer/recall-handler.ts'
import { switchTimerEngine } from './timer/timer-engine.ts'
import { EndTransactionHandler } from './transaction/end-transaction.ts'
import { ResumeCheckHandler } from './transaction/resume-check.ts'

/** Every request a broker answers: what it is to be told, and by which part of the broker. */
export function registerServices(parts: BrokerParts): void {
  serveProducers(parts)
  serveConsumers(parts)
  serveAdministration(parts)
  serveReplicas(parts)
  serveAccess(parts)
}

/** By every replica for itself: official tools send each of them what is to be changed. */
function serveAccess(parts: BrokerParts): void {
  const { server, access, environment } = parts
  if (access === undefined) refuseAuthRequests(server)
  else registerAuthHandlers(server, { access, isMaster: () => parts.isMaster, logger: environment.logger })
}

function serveProducers(parts: BrokerParts): void {
  const server = mastersServer(parts)
  const sending = sendParts(parts)
  const send = new SendHandler(sending)
  parts.conf.onChanged(() => send.settingsChanged())
  for (const code of [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE]) {
    server.handle(code, (request, channel) => send.handle(request, channel))
  }
  const sendBack = new SendBackHandler(sending)
  server.handle(RequestCode.CONSUMER_SEND_MSG_BACK, (request, channel) => sendBack.handle(request, channel))
  serveTransactions(parts, server)
  serveRecalls(parts, server)
  serveReplies(parts)
}

function serveTransactions(parts: BrokerParts, server: HandlerRegistry): void {
  const { environment, conf, tables, targets, gate, store, acks } = parts
  const { clock } = environment
  const ends = new EndTransactionHandler({
    store,
    gate,
    topics: tables.topics,
    targets,
    acks,
    ends: parts.transactions,
    isMaster: () => parts.isMaster,
    timeOutMs: () => conf.current.transactionTimeOut,
    wallClock: () => clock.now(),
    commit: () => parts.commit(),
  })
  server.handle(RequestCode.END_TRANSACTION, (request, channel) => ends.handle(request, channel))
  const resume = new ResumeCheckHandler({
    ...{ store, gate, targets, acks, metrics: tables.transactionMetrics },
    isMaster: () => parts.isMaster,
    wallClock: () => clock.now(),
    commit: () => parts.commit(),
  })
  server.handle(RequestCode.RESUME_CHECK_HALF_MESSAGE, (request, channel) => resume.handle(request, channel))
}

function serveRecalls(parts: BrokerParts, server: HandlerRegistry): void {
  const { environment, conf, tables, targets, gate, acks, addresses } = parts
  const recall = new RecallHandler({
    ...{ config: conf, topics: tables.topics, targets, gate, acks, storeHost: addresses.storeHost },
    isMaster: () => parts.isMaster,
    wallClock: () => environment.clock.now(),
    commit: () => parts.commit(),
  })
  const isServed = parts.timers !== undefined
  server.handle(RequestCode.SWITCH_TIMER_ENGINE, (request) => switchTimerEngine(request, isServed))
  server.handle(RequestCode.RECALL_MESSAGE, (request, channel) => recall.handle(request, channel))
}

/** By every replica: the connection of the client that asked is here or nowhere. */
function serveReplies(parts: BrokerParts): void {
  const { environment, addresses, tables, targets, gate, producers } = parts
  const { clock, logger } = environment
  const replies = new ReplyHandler({
    config: parts.conf,
    topics: tables.topics,
    targets,
    gate,
    isMaster: () => parts.isMaster,
    producers,
    wallClock: () => clock.now(),
    storeHost: addresses.storeHost,
    logger,
  })
  for (const code of [RequestCode.SEND_REPLY_MESSAGE, RequestCode.SEND_REPLY_MESSAGE_V2]) {
    parts.server.handle(code, (request, channel) => replies.handle(request, channel))
  }
}

function sendParts(parts: BrokerParts): SendBackParts {
  const { conf, environment, addresses, tables, locks } = parts
  const { clock, random, pid } = environment
  const { storeHost } = addresses
  const address = storeHost.subarray(0, storeHost.length - 4)
  return {
    config: {
      brokerClusterName: conf.current.brokerClusterName,
      brokerIP1: conf.current.brokerIP1,
      brokerName: conf.current.brokerName,
      brokerPermission: () => conf.current.brokerPermission,
      get regionId() {
        return conf.current.regionId
      },
      get traceOn() {
        return conf.current.traceOn
      },
      rejectTransactionMessage: () => conf.current.rejectTransactionMessage,
      keepsLightQueues: conf.current.enableLmq && conf.current.enableMultiDispatch,
    },
    topics: tables.topics,
    mappings: tables.mappings,
    targets: parts.targets,
    halves: parts.transactions.halves,
    groups: {
      find: (group) => tables.groups.find(group),
      consumesOrderly: (group) => locks.isInUse(group),
    },
    gate: parts.gate,
    acks: parts.acks,
    uniqueKeys: new UniqueKeyMaker(address, pid, random.below(0x7fffffff)),
    random,
    wallClock: () => clock.now(),
    storeHost,
    commit: () => parts.commit(),
    store: parts.store,
    isMaster: () => parts.isMaster,
    sendBacks: parts.stats,
  }
}

function serveConsumers(parts: BrokerParts): void {
  const { server, store, consumers, producers, pulls } = parts
  const { clock, logger } = parts.environment
  const { topics, groups, offsets, compiledFilters } = parts.tables
  const settings = parts.conf
  for (const code of [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]) {
    server.handle(code, (request, channel) => pulls.handle(request, channel))
  }
  registerQueryHandlers(staticTopicRegistry(server, parts.statics), { store, settings })
  registerClientHandlers(server, { clock, topics, groups, consumers, producers, compiledFilters, settings })
  registerOffsetHandlers(staticTopicRegistry(mastersServer(parts), parts.statics), {
    topics,
    groups,
    offsets,
    settings,
    startsAtZero: parts.startsAtZero,
    minOffset: minOffsetIn(store),
  })
  servePop(parts)
  serveAssignments(parts)
  registerLockHandlers(mastersServer(parts), {
    locks: parts.locks,
    settings,
    logger,
    client: parts.client,
    peers: () => parts.members.others,
  })
}

/** By every replica: a client asks any broker of its route. */
function serveAssignments({ server, conf, tables, consumers, topicQueues: queues }: BrokerParts): void {
  registerQueryAssignment(server, { config: conf, modes: tables.modes, consumers, queues })
}

function servePop(parts: BrokerParts): void {
  const server = mastersServer(parts)
  registerPopHandlers(server, parts.pop, parts.lite.acks, new PopLog(parts.conf, parts.environment.logger))
  registerLiteHandlers(server, parts.lite)
}

function serveAdministration(parts: BrokerParts): void {
  const { conf, environment, addresses, tables, store, journal, acks } = parts
  const { disk, clock, logger, confEnv: env, confFile } = environment
  const { topics, mappings, groups, offsets, delayOffsets, modes } = tables
  const server = journal === undefined ? parts.server : journaledRegistry(mastersServer(parts), journal, acks)
  registerLiteAdmin(parts.server, { conf, lite: parts.lite, topics, groups, offsets, store })
  registerAdminHandlers(server, {
    conf,
    env,
    confFile,
    disk,
    clock,
    logger,
    brokerAddr: addresses.brokerAddr,
    topics,
    mappings,
    groups,
    offsets,
    modes,
    consumers: parts.consumers,
    producers: parts.producers,
    stats: parts.stats,
    store,
    apply: (values) => applySettings(parts, values),
    coldAccounts: parts.coldAccounts,
    registerNow: () => void parts.registration.refresh(),
    // The group's position was set: its pulls that wait for messages beyond the old one must not.
    releasePulls: (group, topic, queueId) => {
      const queue = store.findQueue(topic, queueId)
      if (queue !== undefined) parts.pulls.held.release(group, queue)
      parts.pop.moved(group, topic, queueId)
      parts.lite.moved(group, topic)
    },
    endLiteTopicsOf: (topic) => parts.lite.lifecycle.deleteAllOf(topic),
    isActive: () => parts.isMaster,
    pendingSends: () => acks.count,
    delayStats: () => delayStats(parts),
    timerStats: () => parts.timers?.stats(clock.now()),
    delayOffsets: () => delayOffsets.encode(),
  })
}

function applySettings({ conf, store }: BrokerParts, { brokerRole, ...others }: Partial<BrokerConf>): void {
  // Who this broker is is no setting where controllers decide it.
  const isFixed = brokerRole === undefined || conf.current.enableControllerMode
  conf.change(isFixed ? others : { ...others, brokerRole })
  // Nothing that waits for the disk is left to the flushes of ASYNC_FLUSH.
  if (others.flushDiskType !== undefined) store.flush()
}

function serveReplicas(parts: BrokerParts): void {
  const { server, conf, addresses, store, replication, controllerMode, timers, tables } = parts
  const { brokerAddr, haServerAddr } = addresses
  registerReplicaHandlers(server, {
    ...{ settings: conf, brokerAddr, haServerAddr, store, replication },
    timers: timers && (() => timers.report()),
    timerMetrics: () => tables.timerMetrics.encode(),
  })
  controllerMode?.registerHandlers(server)
}

/** Where handlers are registered for what clients ask of a master. */
function mastersServer({ server, controllerMode: mode }: BrokerParts): HandlerRegistry {
  if (mode === undefined) return server
  return { handle: (code, handler) => server.handle(code, mode.wrap(code, handler)) }
}

function delayStats({ tables, store }: BrokerParts): Map<string, string> {
  const stats = new Map<string, string>()
  for (const [level, offset] of tables.delayOffsets.entries()) {
    const maxOffset = store.findQueue(SCHEDULE_TOPIC, level - 1)?.maxOffset ?? 0
    stats.set(`scheduleMessageOffset_${level}`, `${offset},${maxOffset}`)
  }
  return stats
}
