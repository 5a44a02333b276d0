import type { Clock, Timer } from '../../io/clock.ts'
import type { TelemetryCommand, TelemetryCommandDraft } from '../wire/service.ts'
import type { KnownClient } from './client-table.ts'

interface Question {
  readonly clientId: string
  readonly resolve: (answer: TelemetryCommand) => void
  readonly timer: Timer
}

/** Questions under way. One more is refused. */
const QUESTIONS_MAX = 1000

/** What clients are asked over telemetry, until they answer (source: GrpcChannelManager). */
export class ClientQuestions {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #open = new Map<string, Question>()
  #lastNonce = 0

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** @throws Error that says why there is no answer */
  ask({ id, telemetry }: KnownClient, commandOf: (nonce: string) => TelemetryCommandDraft): Promise<TelemetryCommand> {
    if (telemetry === undefined || telemetry.isOver) return Promise.reject(new Error(`client ${id} is not connected`))
    if (this.#open.size >= QUESTIONS_MAX) {
      return Promise.reject(new Error(`${QUESTIONS_MAX} questions to clients are under way; try again later`))
    }
    const nonce = String(++this.#lastNonce)
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.#timeoutMs, () => {
        this.#open.delete(nonce)
        reject(new Error(`client ${id} did not answer within ${this.#timeoutMs} ms`))
      })
      this.#open.set(nonce, { clientId: id, resolve, timer })
      telemetry.write(commandOf(nonce))
    })
  }

  /** What a client sends on its own, late, or in answer to what another was asked is passed over. */
  answered(clientId: string, command: TelemetryCommand): void {
    const nonce = command.threadStackTrace?.nonce ?? command.verifyMessageResult?.nonce ?? ''
    const question = this.#open.get(nonce)
    if (question?.clientId !== clientId) return
    this.#open.delete(nonce)
    question.timer.cancel()
    question.resolve(command)
  }
}
