import { type AuthConf, accessRules } from '../../auth/auth-settings.ts'
import type { RefusalLog } from '../../auth/refusal-log.ts'
import { type Refusal, RequestAccess } from '../../auth/remoting/request-access.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { type Response, viewOfCommand } from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { ClusterUsers } from './cluster-users.ts'

/** Of requests that wait until a broker has been asked who may do what; what is more is refused at once. */
const WAITING_BYTES_MAX = 4 << 20

interface Around {
  readonly clusterName: string
  readonly monotonic: () => number
}

/** The check of requests on the remoting port: as brokers do it, with the users they tell. */
export class RemotingGuard {
  readonly #users: ClusterUsers
  readonly #access: RequestAccess
  readonly #refusals: RefusalLog
  #waitingBytes = 0

  constructor(users: ClusterUsers, auth: AuthConf, around: Around, refusals: RefusalLog) {
    this.#users = users
    this.#refusals = refusals
    // Where a message lies only its broker knows: the end of a transaction is judged by the topic that the request names.
    this.#access = new RequestAccess(users.tables, accessRules(auth, { ...around, topicAt: () => undefined }))
  }

  /**
   * The handler for those alone who may. A request that would be refused waits until a broker has been asked, unless one was
   * a moment ago: users and rights may be new, and official clients do not ask for a route a second time before they fail.
   */
  before(handler: RequestHandler): RequestHandler {
    return (request, channel) => {
      const refusal = this.#access.refuses(request, channel)
      if (refusal === undefined) return handler(request, channel)
      const known = this.#users.doubt()
      const isTooMuch = this.#waitingBytes + request.frameBytes > WAITING_BYTES_MAX
      if (known === undefined || isTooMuch) return this.#refused(refusal, request, channel)
      return this.#afterwards(known, handler, viewOfCommand(request.toCommand()), channel)
    }
  }

  async #afterwards(
    known: Promise<void>,
    handler: RequestHandler,
    request: CommandView,
    channel: Channel,
  ): Promise<Response | undefined> {
    const { frameBytes } = request
    this.#waitingBytes += frameBytes
    try {
      await known
    } finally {
      this.#waitingBytes -= frameBytes
    }
    const still = this.#access.refuses(request, channel)
    return still === undefined ? handler(request, channel) : this.#refused(still, request, channel)
  }

  #refused(refusal: Refusal, request: CommandView, channel: Channel): Response {
    if (!this.#users.isKnown) {
      const remark = 'this proxy does not know yet who may do what: no broker has told it; try again later'
      return { code: ResponseCode.SYSTEM_ERROR, remark }
    }
    this.#refusals.refused(refusal, requestCodeName(request.code), channel.remoteText)
    return { code: ResponseCode.NO_PERMISSION, remark: refusal.remark }
  }
}
