import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { Sender } from '../sender.ts'
import { heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'sendMessage',
  summary: 'Send a message.',
  options: [
    required('t', 'topic', 'Topic name'),
    required('p', 'body', 'UTF-8 string format of the message body'),
    value('k', 'key', 'Message keys'),
    value('c', 'tags', 'Message tags'),
    value('b', 'broker', 'Send message to target broker'),
    value('i', 'qid', 'Send message to target queue'),
    value('m', 'msgTraceEnable', 'Message Trace Enable, Default: false'),
  ],
  async run(context) {
    const { options, print } = context
    const topic = options.required('t')
    const brokerName = options.text('b')
    const queueId = options.integer('i')
    if (queueId !== undefined && brokerName === undefined) {
      throw new AdminError('sendMessage: -i needs the broker of the queue: add -b <broker name>')
    }
    if (options.boolean('m'))
      throw new AdminError('sendMessage: -m true (message trace) is not offered here; leave it out')
    const sender = new Sender(context, 'SEND_MESSAGE_TOOL')
    const message = {
      topic,
      body: Buffer.from(options.required('p')),
      tags: options.text('c'),
      keys: options.text('k'),
    }
    const queue = brokerName !== undefined && queueId !== undefined ? { topic, brokerName, queueId } : undefined
    const result = await sender.send(message, queue)
    print(heading(FORMAT, '#Broker Name', '#QID', '#Send Result', '#MsgId'))
    print(row(FORMAT, result.queue.brokerName, result.queue.queueId, result.status, result.msgId))
  },
}

const FORMAT = '%-32s  %-4s  %-20s    %s%n'
