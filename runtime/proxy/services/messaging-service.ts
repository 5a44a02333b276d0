import type { Access } from '../../auth/decision.ts'
import type { MessageType } from '../../codec/protobuf/message-type.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { GrpcAccess } from '../access/grpc-access.ts'
import * as about from '../access/request-accesses.ts'
import { Bound } from '../bound.ts'
import { status, statusOf } from '../proxy-error.ts'
import type { GrpcCall } from '../transport/grpc-call.ts'
import type { GrpcServer, MessageTaker } from '../transport/grpc-server.ts'
import { GrpcStatus } from '../transport/grpc-status.ts'
import type { StatusDraft } from '../wire/definition.ts'
import * as wire from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { fromMs } from '../wire/time-types.ts'
import type { AcknowledgeService } from './acknowledge-service.ts'
import { type ClientCall, clientCall } from './client-call.ts'
import type { ClientService } from './client-service.ts'
import type { LiteService } from './lite-service.ts'
import type { PullService } from './pull-service.ts'
import type { RecallService } from './recall-service.ts'
import type { ReceiveService } from './receive-service.ts'
import type { RouteService } from './route-service.ts'
import type { SendService } from './send-service.ts'
import type { TransactionService } from './transaction-service.ts'

const SERVICE = '/apache.rocketmq.v2.MessagingService/'

export interface Services {
  readonly clients: ClientService
  readonly routes: RouteService
  readonly sends: SendService
  readonly receives: ReceiveService
  readonly acknowledges: AcknowledgeService
  readonly transactions: TransactionService
  readonly recalls: RecallService
  readonly pulls: PullService
  readonly lites: LiteService
  /** Undefined: whoever asks is served. */
  readonly access: GrpcAccess | undefined
}

interface WithStatus {
  readonly status?: StatusDraft | undefined
}

/** The methods of apache.rocketmq.v2.MessagingService: from calls of gRPC to the services, and from errors to statuses. */
export class MessagingService {
  readonly #services: Services
  readonly #server: GrpcServer
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(services: Services, server: GrpcServer, conf: ProxyConf, clock: Clock, logger: Logger) {
    this.#services = services
    this.#server = server
    this.#clock = clock
    this.#logger = logger
    this.#handleAll(conf)
  }

  #handleAll(conf: ProxyConf): void {
    const { clients, routes, sends, acknowledges, transactions, recalls, lites } = this.#services
    const bound = (key: keyof ProxyConf & `${string}QueueCapacity`) => new Bound(conf[key], key)
    const routing = bound('grpcRouteThreadQueueCapacity')
    const sending = bound('grpcProducerThreadQueueCapacity')
    const consuming = bound('grpcConsumerThreadQueueCapacity')
    const ending = bound('grpcTransactionThreadQueueCapacity')
    const telling = bound('grpcClientManagerThreadQueueCapacity')
    this.#unary(
      'QueryRoute',
      wire.QueryRouteRequest,
      wire.QueryRouteResponse,
      routing,
      ({ topic }) => about.ofTopic(topic, 'Pub', 'Sub', 'Get'),
      (call, request) => routes.queryRoute(call, request),
    )
    this.#unary(
      'QueryAssignment',
      wire.QueryAssignmentRequest,
      wire.QueryAssignmentResponse,
      routing,
      (request) => about.ofConsumer(request),
      (call, request) => routes.queryAssignment(call, request),
    )
    this.#unary(
      'Heartbeat',
      wire.HeartbeatRequest,
      wire.StatusResponse,
      telling,
      about.ofHeartbeat,
      async (call, request) => clients.heartbeat(call, request),
    )
    this.#unary(
      'NotifyClientTermination',
      wire.NotifyClientTerminationRequest,
      wire.StatusResponse,
      telling,
      ({ group }) => about.ofGroup(group, 'Sub'),
      (call) => clients.terminate(call),
    )
    this.#unary(
      'SendMessage',
      wire.SendMessageRequest,
      wire.SendMessageResponse,
      sending,
      ({ messages }) => about.ofMessages(messages),
      (call, request) => sends.send(call, request.messages),
    )
    this.#unary(
      'RecallMessage',
      wire.RecallMessageRequest,
      wire.RecallMessageResponse,
      sending,
      ({ topic }) => about.ofTopic(topic, 'Pub'),
      (_, request) => recalls.recall(request),
    )
    this.#unary(
      'EndTransaction',
      wire.EndTransactionRequest,
      wire.StatusResponse,
      ending,
      ({ topic }) => about.ofTopic(topic, 'Pub'),
      (_, request) => transactions.end(request),
    )
    this.#unary(
      'AckMessage',
      wire.AckMessageRequest,
      wire.AckMessageResponse,
      consuming,
      (request) => about.ofConsumer(request),
      (call, request) => acknowledges.acknowledge(call, request),
    )
    this.#unary(
      'ChangeInvisibleDuration',
      wire.ChangeInvisibleDurationRequest,
      wire.ChangeInvisibleDurationResponse,
      consuming,
      (request) => about.ofConsumer(request),
      (call, request) => acknowledges.changeInvisibleTime(call, request),
    )
    this.#unary(
      'ForwardMessageToDeadLetterQueue',
      wire.ForwardMessageToDeadLetterQueueRequest,
      wire.StatusResponse,
      consuming,
      (request) => about.ofConsumer(request),
      (call, request) => acknowledges.forwardToDeadLetters(call, request),
    )
    this.#unary(
      'SyncLiteSubscription',
      wire.SyncLiteSubscriptionRequest,
      wire.StatusResponse,
      telling,
      (request) => about.ofConsumer(request),
      (call, request) => lites.sync(call, request),
    )
    const polling = new Bound(conf.receivesMax, 'receivesMax')
    this.#receive(polling)
    this.#pull(polling)
    this.#offsets(consuming)
    this.#telemetry()
  }

  #unary<R, A extends WithStatus>(
    name: string,
    requestType: MessageType<R, never>,
    answerType: MessageType<unknown, A>,
    bound: Bound,
    accessesOf: (request: R) => Access[],
    serve: (call: ClientCall, request: R) => Promise<NoInfer<A>>,
  ): void {
    this.#server.handle(SERVICE + name, requestType, answerType, (call, request) => {
      const answer = (message: A): void => {
        call.write(message)
        call.end()
      }
      const fail = (error: unknown): void => answer({ status: this.#status(name, error) } as A)
      try {
        bound.enter()
      } catch (error) {
        fail(error)
        return
      }
      this.#admitted(
        call,
        `${name}Request`,
        () => accessesOf(request),
        () => serve(clientCall(call, this.#clock), request),
      ).then(
        (message) => {
          bound.leave()
          answer(message)
        },
        (error) => {
          bound.leave()
          fail(error)
        },
      )
    })
  }

  /** What a step throws at once is a refusal like one that comes later. */
  async #admitted<A>(call: GrpcCall, name: string, accesses: () => Access[], step: () => Promise<A>): Promise<A> {
    const admission = this.#services.access?.admit(call, name, accesses())
    if (admission !== undefined) await admission
    return step()
  }

  /** Answers with a status, the messages, and the time; whatever happens, with a status and the time. */
  #receive(bound: Bound): void {
    this.#server.handle(
      `${SERVICE}ReceiveMessage`,
      wire.ReceiveMessageRequest,
      wire.ReceiveMessageResponse,
      (call, request) => {
        const end = (): void => {
          call.write({ deliveryTimestamp: fromMs(this.#clock.now()) })
          call.end()
        }
        const fail = (error: unknown): void => {
          call.write({ status: this.#status('ReceiveMessage', error) })
          end()
        }
        try {
          bound.enter()
        } catch (error) {
          fail(error)
          return
        }
        this.#admitted(
          call,
          'ReceiveMessageRequest',
          () => about.ofConsumer(request),
          () => this.#services.receives.receive(clientCall(call, this.#clock), request, () => call.isOver),
        ).then(
          ({ status, messages }) => {
            bound.leave()
            call.write({ status })
            for (const message of messages) call.write({ message })
            end()
          },
          (error) => {
            bound.leave()
            fail(error)
          },
        )
      },
    )
  }

  /** Answers with a status, the messages, and where to go on. */
  #pull(bound: Bound): void {
    this.#server.handle(`${SERVICE}PullMessage`, wire.PullMessageRequest, wire.PullMessageResponse, (call, request) => {
      const fail = (error: unknown): void => {
        call.write({ status: this.#status('PullMessage', error) })
        call.end()
      }
      try {
        bound.enter()
      } catch (error) {
        fail(error)
        return
      }
      this.#admitted(
        call,
        'PullMessageRequest',
        () => about.ofConsumer(request),
        () => this.#services.pulls.pull(clientCall(call, this.#clock), request),
      ).then(
        ({ status, messages, nextOffset }) => {
          bound.leave()
          call.write({ status })
          for (const message of messages) call.write({ message })
          if (nextOffset !== undefined) call.write({ nextOffset })
          call.end()
        },
        (error) => {
          bound.leave()
          fail(error)
        },
      )
    })
  }

  #offsets(bound: Bound): void {
    const { pulls } = this.#services
    this.#unary(
      'UpdateOffset',
      wire.UpdateOffsetRequest,
      wire.StatusResponse,
      bound,
      (request) => about.ofConsumer(request, 'Update'),
      (_, request) => pulls.updateOffset(request),
    )
    this.#unary(
      'GetOffset',
      wire.GetOffsetRequest,
      wire.OffsetResponse,
      bound,
      (request) => about.ofConsumer(request, 'Get'),
      (_, request) => pulls.getOffset(request),
    )
    this.#unary(
      'QueryOffset',
      wire.QueryOffsetRequest,
      wire.OffsetResponse,
      bound,
      ({ messageQueue }) => about.ofTopic(messageQueue?.topic, 'Sub', 'Get'),
      (_, request) => pulls.queryOffset(request),
    )
  }

  #telemetry(): void {
    this.#server.handleStream(
      `${SERVICE}Telemetry`,
      wire.TelemetryCommand,
      wire.TelemetryCommand as MessageType<unknown, wire.TelemetryCommandDraft>,
      (call): MessageTaker<wire.TelemetryCommand> => ({
        message: (command) => {
          const { settings } = command
          const accesses = () => (settings === undefined ? [] : about.ofSettings(settings))
          this.#admitted(call, 'TelemetryCommand', accesses, async () => {
            const who = clientCall(call, this.#clock)
            if (settings !== undefined) await this.#services.clients.introduce(who, settings, call)
            else this.#services.clients.answered(who, command)
          }).catch((error: unknown) => this.#endTelemetry(call, error))
        },
        ended: () => call.end(),
      }),
    )
  }

  /** Source: ClientActivity.processTelemetryException. */
  #endTelemetry(call: GrpcCall<wire.TelemetryCommandDraft>, error: unknown): void {
    const { code = StatusCode.INTERNAL_SERVER_ERROR, message = '' } = this.#status('Telemetry', error)
    if (code === StatusCode.UNAUTHORIZED) {
      call.write({ status: { code, message } })
      call.end()
      return
    }
    const isClients = code >= StatusCode.BAD_REQUEST && code < StatusCode.INTERNAL_ERROR
    call.fail(
      isClients ? GrpcStatus.INVALID_ARGUMENT : GrpcStatus.INTERNAL,
      `process client telemetryCommand failed. ${message}`,
    )
  }

  #status(method: string, error: unknown): StatusDraft {
    const expected = statusOf(error)
    if (expected !== undefined) return expected
    this.#logger.error({ method, err: error }, 'request failed')
    return status(StatusCode.INTERNAL_SERVER_ERROR, `${method}: ${String(error)}`)
  }
}
