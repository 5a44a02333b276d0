import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import {
  decodeRegisterBody,
  type RegisterBody,
  RegisterBodyError,
  registerBodyCrc32,
} from '../../codec/route/register-body.ts'
import type { Channel } from '../../net/channel.ts'
import { ORDER_TOPIC_CONFIG } from '../kv-config.ts'
import type { RegisterOutcome, Registration } from '../route-table/route-table.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'clock' | 'logger' | 'live' | 'table' | 'kv' | 'notifier'>

export function registerBroker(services: Needed): Handlers {
  return [[RequestCode.REGISTER_BROKER, (request, channel) => register(services, request, channel)]]
}

function register(services: Needed, request: CommandView, channel: Channel): Response {
  const { conf } = services.live
  const registration = readRegistration(services, request, channel)
  const now = services.clock.monotonic()
  const outcome = services.table.register(registration, conf.deleteTopicWithBrokerRegistration, now)
  report(services, registration, outcome)
  // Apache RocketMQ's answer: the broker is to register as a whole first.
  if (outcome.kind === 'unknown broker') throw new RequestError(ResponseCode.SYSTEM_ERROR, 'register broker failed')
  if (outcome.kind === 'registered' && outcome.minBrokerIdChange && conf.notifyMinBrokerIdChanged) {
    services.notifier.notify(outcome.minBrokerIdChange)
  }
  const master = outcome.kind === 'registered' ? outcome.master : undefined
  return {
    code: ResponseCode.SUCCESS,
    fields: { haServerAddr: master?.haServerAddr, masterAddr: master?.address },
    body: conf.returnOrderTopicConfigToBroker ? services.kv.encodeNamespace(ORDER_TOPIC_CONFIG) : undefined,
  }
}

function readRegistration({ logger }: Needed, request: CommandView, channel: Channel): Registration {
  const head = {
    brokerName: request.requiredText('brokerName'),
    address: request.requiredText('brokerAddr'),
    cluster: request.requiredText('clusterName'),
    haServerAddr: request.requiredText('haServerAddr'),
    brokerId: request.requiredInteger('brokerId'),
    timeoutMs: request.integer('heartbeatTimeoutMillis'),
    enableActingMaster: request.flagField('enableActingMaster'),
    zoneName: request.text('__ZONE_NAME'),
    connection: channel,
  }
  try {
    return { ...head, body: readBody(request) }
  } catch (error) {
    const { brokerName, brokerId, address } = head
    logger.warn({ brokerName, brokerId, address, error: (error as Error).message }, 'registration refused')
    throw error
  }
}

function readBody(request: CommandView): RegisterBody {
  const body = request.body()
  const crc32 = request.integer('bodyCrc32') ?? 0
  if (crc32 !== 0 && crc32 !== registerBodyCrc32(body)) {
    throw new RequestError(ResponseCode.SYSTEM_ERROR, 'crc32 not match')
  }
  try {
    return decodeRegisterBody(body, request.flagField('compressed') ?? false, request.version)
  } catch (error) {
    const isExpected =
      error instanceof RegisterBodyError || error instanceof JsonSyntaxError || error instanceof JsonFieldError
    if (!isExpected) throw error
    const remark = `Failed to decode RegisterBrokerBody: ${error.message}`
    throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
  }
}

function report({ logger, table }: Needed, registration: Registration, outcome: RegisterOutcome): void {
  const { cluster, brokerName, brokerId, address } = registration
  const broker = { cluster, brokerName, brokerId, address }
  if (outcome.kind === 'fenced') {
    logger.warn({ ...broker, holder: outcome.holder }, 'registration ignored: a broker with a newer state has the id')
  } else if (outcome.kind === 'unknown broker') {
    logger.warn(broker, 'registration of a single topic refused: the broker has not registered as a whole')
  } else if (outcome.isNew) {
    logger.info({ ...broker, haServerAddr: registration.haServerAddr }, 'broker registered')
    if (table.topics.isWiped(brokerName)) {
      logger.warn(broker, 'the write permission of this broker group is still wiped: addWritePerm gives it back')
    }
  }
}
