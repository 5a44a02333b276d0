import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { AbsentError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { queueText } from '../message-queue.ts'
import { printMessage } from '../message-text.ts'
import { QueueReader, TOOLS_GROUP } from '../messages.ts'

export const command: AdminCommand = {
  name: 'queryMsgByOffset',
  summary: 'Query Message by offset.',
  options: [
    required('t', 'topic', 'topic name'),
    required('b', 'brokerName', 'Broker Name'),
    required('i', 'queueId', 'Queue Id'),
    required('o', 'offset', 'Queue Offset'),
    value('f', 'bodyFormat', 'print message body by the specified format'),
    value('r', 'routeTopic', 'the topic which is used to find route info'),
  ],
  async run(context) {
    const { client, options } = context
    const topic = options.required('t')
    const queue = { topic, brokerName: options.required('b'), queueId: options.integer('i') ?? 0 }
    const offset = options.integer('o') ?? 0
    const reader = new QueueReader(client, await client.route(options.text('r') ?? topic), TOOLS_GROUP)
    const { messages, status } = await reader.pull(queue, '*', offset, 1)
    const [message] = messages
    if (!message) {
      const where = `${queueText(queue)}, offset ${offset}`
      throw new AbsentError(ResponseCode.NO_MESSAGE, `no message at ${where}: ${status}; topicStatus shows the offsets`)
    }
    await printMessage(context, message, { withId: true, charset: options.text('f') })
  },
}
