import type { AuthConf } from '../auth/auth-settings.ts'
import { innerCredentials } from '../auth/inner-credentials.ts'
import { RefusalLog } from '../auth/refusal-log.ts'
import { signer } from '../auth/remoting/signed-content.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { ProxyConf } from '../config/proxy-conf.ts'
import type { Timer } from '../io/clock.ts'
import type { Address, Network } from '../io/network.ts'
import type { NetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { grpcAccessRules } from './access/access-settings.ts'
import { ClusterUsers } from './access/cluster-users.ts'
import { GrpcAccess } from './access/grpc-access.ts'
import { RemotingGuard } from './access/remoting-guard.ts'
import { ClusterGateway } from './brokers/cluster-gateway.ts'
import { type LocalBroker, LocalGateway } from './brokers/local-gateway.ts'
import { Brokers } from './remoting/brokers.ts'
import { RemotingPort } from './remoting/remoting-port.ts'
import { AcknowledgeService } from './services/acknowledge-service.ts'
import { AnnouncedConsumers } from './services/announced-consumers.ts'
import { ClientQuestions } from './services/client-questions.ts'
import { ClientService } from './services/client-service.ts'
import { ClientTable } from './services/client-table.ts'
import { InvisibleMessages } from './services/invisible-messages.ts'
import { LiteService } from './services/lite-service.ts'
import { MessagingService } from './services/messaging-service.ts'
import { OperatorQuestions } from './services/operator-questions.ts'
import { PullService } from './services/pull-service.ts'
import { RecallService } from './services/recall-service.ts'
import { ReceiveService } from './services/receive-service.ts'
import { Renewals } from './services/renewals.ts'
import { RouteService } from './services/route-service.ts'
import { SendService } from './services/send-service.ts'
import { TransactionService } from './services/transaction-service.ts'
import { GrpcServer } from './transport/grpc-server.ts'

const LOST_SCAN_PERIOD_MS = 5000
const CONNECT_TIMEOUT_MS = 3000
/** The broker is near: what was changed there is to hold at once. */
const LOCAL_USERS_PERIOD_MS = 1000

/** For clients, with TLS or without. */
export interface ClientNetworks {
  readonly grpc: Network
  readonly remoting: Network
}

/** A proxy: clients of gRPC and of the remoting protocol on one side, the brokers of a cluster, or one of them, on the other. */
export class ProxyServer {
  readonly #context: NetContext
  readonly #conf: ProxyConf
  readonly #brokers: RemotingClient
  readonly #server: GrpcServer
  readonly #clients: ClientService
  readonly #renewals: Renewals
  readonly #lites: LiteService
  readonly #transactions: TransactionService
  /** Undefined: nobody is asked who it is. */
  readonly #users: ClusterUsers | undefined
  readonly #auth: AuthConf
  readonly #isLocal: boolean
  readonly #remoting: RemotingPort
  readonly #announced: AnnouncedConsumers
  readonly #timers: Timer[] = []

  /** `context`: its network is used for connections to brokers. `local`: the only broker to work for, in local mode. */
  constructor(context: NetContext, conf: ProxyConf, local?: LocalBroker) {
    this.#context = context
    this.#conf = conf
    const { clock, logger } = context
    const auth = local?.auth ?? conf
    this.#auth = auth
    this.#isLocal = local !== undefined
    const credentials = innerCredentials(auth.innerClientAuthenticationCredentials)
    const client = new RemotingClient(context, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      sign: signer(credentials),
      onRequest: (request, channel) => {
        if (request.code === RequestCode.CHECK_TRANSACTION_STATE) {
          this.#transactions.onCheck(request.toCommand(), String(channel.attachment))
        } else if (request.code === RequestCode.NOTIFY_UNSUBSCRIBE_LITE) {
          this.#lites.onUnsubscribed(request.toCommand())
        }
      },
    })
    const access = { client, clock, logger }
    const gateway = local === undefined ? new ClusterGateway(access, conf) : new LocalGateway(access, conf, local)
    const cluster = local?.cluster ?? conf.rocketMQClusterName
    this.#users = auth.authenticationEnabled ? new ClusterUsers(gateway, cluster, clock, logger) : undefined
    const refusals = new RefusalLog(clock, logger)
    const around = { clusterName: cluster, monotonic: () => clock.monotonic() }
    const guard = this.#users && new RemotingGuard(this.#users, auth, around, refusals)
    this.#remoting = new RemotingPort({ context, gateway, conf, cluster, credentials, guard })
    const clients = new ClientTable(conf.clientsMax)
    const invisible = new InvisibleMessages(gateway, clock)
    const renewals = new Renewals(invisible, gateway, conf, clock, logger)
    const transactions = new TransactionService(gateway, conf, logger, clients)
    const lites = new LiteService({ gateway, conf, clock, logger, clients })
    const parts = { gateway, conf, clock, logger, clients, renewals, transactions, invisible, lites }
    this.#lites = lites
    this.#brokers = client
    this.#renewals = renewals
    this.#transactions = transactions
    const questions = new ClientQuestions(clock, conf.grpcProxyRelayRequestTimeoutInSeconds * 1000)
    this.#announced = new AnnouncedConsumers({
      ...{ context, credentials, brokers: new Brokers(gateway, cluster) },
      questions: new OperatorQuestions(questions, clock),
    })
    const announced = conf.announceConsumers ? this.#announced : undefined
    this.#clients = new ClientService({ ...parts, announced, questions })
    this.#server = new GrpcServer(context, {
      messageBytesMax: conf.grpcMaxInboundMessageSize,
      silenceMaxMs: conf.grpcClientIdleTimeMills,
      http2: { streamsMax: conf.grpcMaxConcurrentCallsPerConnection },
    })
    const services = {
      clients: this.#clients,
      routes: new RouteService(gateway, conf),
      sends: new SendService(gateway, conf, clock, (clientId, topic) => this.#clients.onTransaction(clientId, topic)),
      receives: new ReceiveService(parts),
      acknowledges: new AcknowledgeService(invisible, renewals, conf),
      transactions,
      recalls: new RecallService(gateway, conf),
      pulls: new PullService(gateway, conf),
      lites,
      access: this.#users && new GrpcAccess(this.#users, grpcAccessRules(auth), refusals),
    }
    new MessagingService(services, this.#server, conf, clock, logger)
  }

  /** Rejects when a port cannot be had. */
  async start(networks: ClientNetworks): Promise<{ readonly grpc: Address; readonly remoting: Address }> {
    const { bindAddress, grpcServerPort, renewSchedulePeriodMillis, transactionHeartbeatPeriodSecond } = this.#conf
    const remoting = await this.#remoting.listen(networks.remoting)
    const grpc = await this.#server.listen(networks.grpc, { host: bindAddress, port: grpcServerPort })
    const { clock } = this.#context
    this.#timers.push(
      clock.every(LOST_SCAN_PERIOD_MS, () => this.#clients.forgetLost()),
      clock.every(renewSchedulePeriodMillis, () => this.#renewals.renewDue()),
      clock.every(transactionHeartbeatPeriodSecond * 1000, () => this.#transactions.announceAll()),
    )
    this.#watchUsers()
    return { grpc, remoting }
  }

  #watchUsers(): void {
    const users = this.#users
    const { innerClientAuthenticationCredentials } = this.#auth
    if (users === undefined) {
      if (innerClientAuthenticationCredentials?.trim()) {
        this.#context.logger.warn(
          {},
          'innerClientAuthenticationCredentials without authenticationEnabled: whoever reaches this proxy may do what the user of these credentials may',
        )
      }
      return
    }
    void users.refresh()
    const periodMs = this.#isLocal ? LOCAL_USERS_PERIOD_MS : this.#conf.userCacheRefreshSeconds * 1000
    this.#timers.push(this.#context.clock.every(periodMs, () => void users.refresh()))
  }

  /** Requests that are under way are answered; messages that clients work on are left to others. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) timer.cancel()
    this.#clients.endTelemetry()
    await Promise.all([this.#server.close(this.#conf.grpcShutdownTimeSeconds * 1000), this.#remoting.stop()])
    await this.#renewals.clearAll()
    this.#announced.close()
    this.#brokers.close()
  }
}
