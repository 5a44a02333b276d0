import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { AbsentError } from '../admin-error.ts'
import { type AdminCommand, flag, required, value } from '../command.ts'
import { consumeDirectly } from '../consume-directly.ts'
import { printMessage } from '../message-text.ts'
import { findMessage, queryMessages } from '../messages.ts'

export const command: AdminCommand = {
  name: 'queryMsgByUniqueKey',
  summary: 'Query Message by Unique key.',
  options: [
    required('i', 'msgId', 'Message Id'),
    value('g', 'consumerGroup', 'consumer group name'),
    value('d', 'clientId', "The consumer's client id"),
    required('t', 'topic', 'The topic of msg'),
    flag('a', 'showAll', 'Print all message, the limit is 32'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
    value('s', 'startTime', 'startTime'),
    value('e', 'endTime', 'endTime'),
  ],
  async run(context) {
    const { client, options, clock, print } = context
    const topic = options.required('t')
    const id = options.required('i')
    const nowMs = clock.now()
    if (options.has('g') && options.has('d')) {
      const message = await findMessage(client, topic, id, nowMs, options.text('c'))
      print(`${await consumeDirectly(client, options.required('g'), options.required('d'), message)}\n`)
      return
    }
    const hasTimes = options.has('s') && options.has('e')
    const messages = await queryMessages(client, {
      topic,
      key: id,
      isUnique: true,
      maxNum: 32,
      beginMs: (hasTimes ? options.integer('s') : undefined) ?? nowMs - SEARCHED_MS,
      endMs: (hasTimes ? options.integer('e') : undefined) ?? nowMs + SEARCHED_MS,
      cluster: options.text('c'),
    })
    if (messages.length === 0) {
      const hint = hasTimes ? '' : ' stored within 36 hours of now; name a time with -s and -e'
      throw new AbsentError(ResponseCode.NO_MESSAGE, `topic ${topic} has no message with unique key ${id}${hint}`)
    }
    messages.sort((a, b) => a.storeTimestampMs - b.storeTimestampMs)
    for (const [index, message] of messages.slice(0, options.has('a') ? undefined : 1).entries()) {
      await printMessage(context, message, { withId: false, index })
    }
  },
}

const SEARCHED_MS = 36 * 3600 * 1000
