import { AccessError } from '../../auth/access-error.ts'
import { AccessTables } from '../../auth/access-tables.ts'
import { type AuthConf, accessRules, initialUser } from '../../auth/auth-settings.ts'
import { innerUser } from '../../auth/inner-credentials.ts'
import { type PlainAclFile, readPlainAcls } from '../../auth/plain-acl.ts'
import { RefusalLog } from '../../auth/refusal-log.ts'
import { RequestAccess } from '../../auth/remoting/request-access.ts'
import type { UserChange } from '../../auth/user.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Channel } from '../../net/channel.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Persisted } from '../metadata/persisted.ts'
import { AccessFiles } from './access-files.ts'

export interface BrokerAccessParts {
  readonly conf: AuthConf & {
    readonly brokerClusterName: string
    readonly storePathRootDir: string
    readonly authConfigPath: string | undefined
  }
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  /** The topic of the message at a position in the log. */
  readonly topicAt: (phyOffset: number) => string | undefined
  /** Files of ACL 1.0 to take users over from (migrateAuthFromV1Enabled). */
  readonly plainAcls?: readonly PlainAclFile[] | undefined
}

/** Who may ask this broker for what (authenticationEnabled): users and policies, their files, and the check of requests. */
export class BrokerAccess {
  readonly tables = new AccessTables()
  readonly requests: RequestAccess
  readonly #files: AccessFiles
  readonly #refusals: RefusalLog

  /** @throws DamagedStateError, AccessError */
  constructor({ conf, disk, clock, logger, topicAt, plainAcls }: BrokerAccessParts) {
    const { tables } = this
    const config = conf.authConfigPath ?? `${conf.storePathRootDir}/config`
    this.#files = new AccessFiles(tables, `${config}/auth`, disk, logger)
    this.requests = new RequestAccess(
      tables,
      accessRules(conf, { clusterName: conf.brokerClusterName, topicAt, monotonic: () => clock.monotonic() }),
    )
    this.#refusals = new RefusalLog(clock, logger)
    if (tables.users().length === 0 && disk.stat(`${config}/users`)?.isDirectory === true) {
      logger.warn(
        { folder: `${config}/users` },
        'the users that Apache RocketMQ keeps here (RocksDB) are not read; docs/acl.md says how to carry them over',
      )
    }
    const configured = [initialUser(conf), innerUser(conf.innerClientAuthenticationCredentials)]
    for (const user of configured) if (user !== undefined) this.#createIfAbsent(user)
    for (const { user, acl } of readPlainAcls(plainAcls ?? [], (problem) => logger.warn({}, problem))) {
      if (tables.find(user.username) !== undefined) continue
      tables.createUser(user)
      if (acl !== undefined) tables.putAcl(acl)
      logger.info({ user: user.username }, 'user taken over from ACL 1.0')
    }
    if (!tables.users().some(({ type, status }) => type === 'Super' && status === 'enable')) {
      logger.warn({}, 'no super user is enabled: set initAuthenticationUser to make one at the next start')
    }
    for (const state of this.#files.all) if (state.isChanged) state.save()
  }

  /** What is to be saved when it has changed. */
  get states(): readonly Persisted[] {
    return this.#files.all
  }

  /** The answer to a request that is not served, or undefined. */
  guard(request: CommandView, channel: Channel): Response | undefined {
    const refusal = this.requests.refuses(request, channel)
    if (refusal === undefined) return undefined
    this.#refusals.refused(refusal, requestCodeName(request.code), channel.remoteText)
    return { code: ResponseCode.NO_PERMISSION, remark: refusal.remark }
  }

  /** As it is configured, a user is there; one that is known keeps its password. */
  #createIfAbsent(user: UserChange): void {
    if (this.tables.find(user.username) === undefined) this.tables.createUser(user)
    else if (this.tables.find(user.username)?.user.type !== 'Super') throw notSuper(user)
  }
}

function notSuper({ username }: UserChange): AccessError {
  return new AccessError(
    `the user ${username} of initAuthenticationUser or innerClientAuthenticationCredentials is known as a normal one: name another, or make it a super user first`,
  )
}
