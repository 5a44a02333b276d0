import type { Message } from '../../codec/protobuf/message-type.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import { groupName, topicName } from '../messages/names.ts'
import { commonStatus, OK, statusOf } from '../proxy-error.ts'
import type { Resource, StatusDraft } from '../wire/definition.ts'
import type { AckMessageEntry } from '../wire/service.ts'
import { type Duration, toMs } from '../wire/time-types.ts'
import type { ClientCall } from './client-call.ts'
import type { InvisibleMessages } from './invisible-messages.ts'
import { checkInvisibleMs } from './receive-service.ts'
import type { Renewals } from './renewals.ts'

interface AboutMessages {
  readonly topic: Resource | undefined
  readonly group: Resource | undefined
}

interface AboutMessage extends AboutMessages {
  readonly receiptHandle: string
  readonly messageId: string
  readonly liteTopic?: string | undefined
}

/** What consumers say of messages that they got (source: AckMessageActivity, ChangeInvisibleDurationActivity, ForwardMessageToDLQActivity). */
export class AcknowledgeService {
  readonly #invisible: InvisibleMessages
  readonly #renewals: Renewals
  readonly #conf: ProxyConf

  constructor(invisible: InvisibleMessages, renewals: Renewals, conf: ProxyConf) {
    this.#invisible = invisible
    this.#renewals = renewals
    this.#conf = conf
  }

  async acknowledge(call: ClientCall, request: AboutMessages & { readonly entries: readonly AckMessageEntry[] }) {
    const topic = topicName(request.topic)
    const group = groupName(request.group)
    const entries = await Promise.all(
      request.entries.map(async ({ messageId, receiptHandle, liteTopic }) => {
        const handle = this.#renewals.remove(call.clientId, group, receiptHandle)
        const status = await outcome(
          this.#invisible.acknowledge(handle, { topic, group, messageId, liteTopic: liteTopic || undefined }),
        )
        return { messageId, receiptHandle, status }
      }),
    )
    return {
      status: commonStatus(
        entries.map(({ status }) => status.code),
        'ack message result is empty',
      ),
      entries,
    }
  }

  async changeInvisibleTime(
    call: ClientCall,
    request: AboutMessage & {
      readonly invisibleDuration: Message<typeof Duration> | undefined
      readonly suspend?: boolean | undefined
    },
  ) {
    const topic = topicName(request.topic)
    const group = groupName(request.group)
    const ms = request.invisibleDuration === undefined ? 0 : toMs(request.invisibleDuration)
    checkInvisibleMs(ms, 0, this.#conf.maxInvisibleTimeMills)
    const given = { topic, group, messageId: request.messageId, liteTopic: this.#liteTopic(call, group, request) }
    const handle = this.#renewals.remove(call.clientId, group, request.receiptHandle)
    const receiptHandle = await this.#invisible.changeInvisibleTime(handle, given, ms, request.suspend)
    return { status: OK, receiptHandle }
  }

  async forwardToDeadLetters(call: ClientCall, request: AboutMessage) {
    const topic = topicName(request.topic)
    const group = groupName(request.group)
    const given = { topic, group, messageId: request.messageId, liteTopic: this.#liteTopic(call, group, request) }
    const handle = this.#renewals.remove(call.clientId, group, request.receiptHandle)
    await this.#invisible.forwardToDeadLetters(handle, given)
    return { status: OK }
  }

  #liteTopic({ clientId }: ClientCall, group: string, { liteTopic, receiptHandle }: AboutMessage): string | undefined {
    return liteTopic || this.#renewals.liteTopicOf(clientId, group, receiptHandle)
  }
}

/** @throws what is no refusal */
async function outcome(step: Promise<void>): Promise<StatusDraft> {
  try {
    await step
    return OK
  } catch (error) {
    const status = statusOf(error)
    if (status === undefined) throw error
    return status
  }
}
