import { encodeProperties } from '../../codec/message/properties.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ServedClient } from './served-client.ts'
import type { WholeBroker } from './whole-broker.ts'

export const COMMIT = 8
export const ROLLBACK = 12

/** A half message as its producer knows it. */
export interface Half {
  readonly key: string
  readonly commitLogOffset: number
  readonly tranStateTableOffset: number
}

/** A producer of transactions: sends half messages, ends them, and answers what the broker asks. */
export class TransactionClient {
  readonly client: ServedClient
  readonly #whole: WholeBroker
  readonly #group: string
  #sent = 0

  constructor(whole: WholeBroker, clientId = 'producer', group = 'pg') {
    this.#whole = whole
    this.#group = group
    this.client = new ServedClient(whole, clientId)
  }

  /** Sends its first heartbeat. */
  async join(): Promise<this> {
    await this.client.produceFor(this.#group)
    return this
  }

  /** What the broker asked about, oldest first: the unique keys. */
  get asked(): string[] {
    return this.checks.map(({ fields }) => fields['transactionId'] ?? '')
  }

  get checks(): RemotingCommand[] {
    return this.client.pushed.filter(({ code }) => code === RequestCode.CHECK_TRANSACTION_STATE)
  }

  async half(more: Readonly<Record<string, string>> = {}, topic = 'T'): Promise<Half> {
    const key = more['UNIQ_KEY'] ?? `K${this.#sent++}`
    const properties = { TRAN_MSG: 'true', PGROUP: this.#group, UNIQ_KEY: key, ...more }
    const fields = {
      ...{ a: this.#group, b: topic, c: 'TBW102', d: 4, e: 1, f: 4, g: this.#whole.clock.now(), h: 0 },
      ...{ i: encodeProperties(Object.entries(properties)), j: 0, k: false, m: false },
    }
    const request: Omit<RequestDraft, 'code'> = { fields, body: Buffer.from(`body of ${key}`) }
    const answer = await this.client.ask(RequestCode.SEND_MESSAGE_V2, request)
    if (answer.code !== 0) throw new Error(`half message refused: ${answer.code} ${answer.remark}`)
    const commitLogOffset = Number.parseInt(answer.fields['msgId']!.slice(16), 16)
    return { key, commitLogOffset, tranStateTableOffset: Number(answer.fields['queueOffset']) }
  }

  end(half: Half, commitOrRollback: number, more: Readonly<Record<string, string | number | boolean>> = {}) {
    const { commitLogOffset, tranStateTableOffset, key } = half
    const fields = {
      ...{ topic: 'T', producerGroup: this.#group, tranStateTableOffset, commitLogOffset, commitOrRollback },
      ...{ fromTransactionCheck: false, msgId: key, transactionId: key, ...more },
    }
    return this.client.ask(RequestCode.END_TRANSACTION, { fields })
  }

  /** Answers the broker's question number `index`. */
  answer(index: number, commitOrRollback: number) {
    const { fields } = this.checks[index]!
    const half = {
      key: fields['transactionId']!,
      commitLogOffset: Number(fields['commitLogOffset']),
      tranStateTableOffset: Number(fields['tranStateTableOffset']),
    }
    return this.end(half, commitOrRollback, { fromTransactionCheck: true })
  }
}
