import { decodeSyncStateSet, encodeSyncStateSet } from '../../codec/controller/sync-state-set.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { ControllerRefusal } from './controller-client.ts'
import type { GroupRole } from './role-answers.ts'

export interface SyncStateSetWishesParts {
  readonly clock: Clock
  readonly logger: Logger
  /** The role of this broker while it is master, else undefined. */
  readonly role: () => GroupRole | undefined
  /** Puts ALTER_SYNC_STATE_SET to the controllers. */
  readonly alter: (role: GroupRole, body: Uint8Array) => Promise<RemotingCommand>
  readonly agreed: (role: GroupRole) => void
  /** The set of this epoch stays what it is: nothing that was wished for can come true any more. */
  readonly refused: (setEpoch: number) => void
  /** Looks the role up: what is new at the controllers may be the reason of a failure. */
  readonly refresh: () => void
}

/**
 * A wish whose answer was lost may be on its way to a controller for so long: as long as kernels go on delivering what a
 * closed connection had sent.
 */
const WISH_LIFE_MS = 120_000
/** Another set in place of the one of `setEpoch`. */
interface Wish {
  readonly brokerIds: ReadonlySet<number>
  readonly setEpoch: number
}

/** Answers to a wish of a master whose role and set are what it thinks: who is in the set is the reason, or it is that set. */
const FINAL_CODES: readonly number[] = [
  ResponseCode.CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
  ResponseCode.CONTROLLER_INVALID_REPLICAS,
  ResponseCode.CONTROLLER_BROKER_NOT_ALIVE,
]

/** Has changes of the SyncStateSet agreed to, one at a time. */
export class SyncStateSetWishes {
  readonly #parts: SyncStateSetWishesParts
  #wanted: Wish | undefined
  #isAltering = false
  /** A wish for a change of this set may still come true until then, though nobody answered it. */
  #unsure = { setEpoch: -1, untilMs: 0 }
  /** What went wrong last; the same again and again is one line. */
  #problem = ''

  constructor(parts: SyncStateSetWishesParts) {
    this.#parts = parts
  }

  /** The last wish counts. */
  want(brokerIds: ReadonlySet<number>, setEpoch: number): void {
    this.#wanted = { brokerIds, setEpoch }
    if (!this.#isAltering) void this.#alter()
  }

  async #alter(): Promise<void> {
    this.#isAltering = true
    let role: GroupRole | undefined
    try {
      for (;;) {
        role = this.#parts.role()
        const wanted = this.#wanted
        if (wanted === undefined || role === undefined) return
        this.#wanted = undefined
        // One that waited while the set became another one: replicas it names have not been counted since.
        if (wanted.setEpoch === role.syncStateSetEpoch) await this.#alterTo(wanted.brokerIds, role)
      }
    } catch (error) {
      // Replication asks again at its next look.
      this.#tell((error as Error).message)
      this.#failed(error, role!)
      this.#parts.refresh()
    } finally {
      this.#isAltering = false
    }
  }

  async #alterTo(wanted: ReadonlySet<number>, role: GroupRole): Promise<void> {
    const syncStateSet = [...wanted].sort((a, b) => a - b)
    const body = encodeSyncStateSet({ syncStateSet, syncStateSetEpoch: role.syncStateSetEpoch })
    const answer = await this.#parts.alter(role, body)
    this.#problem = ''
    const agreed = decodeSyncStateSet(answer.body ?? Buffer.from('{}'))
    // The master may be another one by now.
    if (this.#parts.role()?.masterEpoch === role.masterEpoch) this.#parts.agreed({ ...role, ...agreed })
  }

  #tell(problem: string): void {
    if (problem !== this.#problem) this.#parts.logger.warn({ problem }, 'the SyncStateSet could not be changed')
    this.#problem = problem
  }

  #failed(error: unknown, { masterEpoch, syncStateSetEpoch: setEpoch }: GroupRole): void {
    const nowMs = this.#parts.clock.monotonic()
    if (!(error instanceof ControllerRefusal && error.isFirstAnswer)) {
      this.#unsure = { setEpoch, untilMs: nowMs + WISH_LIFE_MS }
      return
    }
    if (!FINAL_CODES.includes(error.code) || (this.#unsure.setEpoch === setEpoch && nowMs < this.#unsure.untilMs))
      return
    const role = this.#parts.role()
    if (role?.masterEpoch === masterEpoch && role.syncStateSetEpoch === setEpoch) this.#parts.refused(setEpoch)
  }
}
