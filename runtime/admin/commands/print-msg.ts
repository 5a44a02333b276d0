import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { parseTime } from '../java-text.ts'
import { type MessageQueue, queueText } from '../message-queue.ts'
import { messageLine } from '../message-text.ts'
import { QueueReader, readableQueues, TOOLS_GROUP } from '../messages.ts'

export const command: AdminCommand = {
  name: 'printMsg',
  summary: 'Print Message Detail.',
  options: [
    required('t', 'topic', 'topic name'),
    value('c', 'charsetName ', 'CharsetName(eg: UTF-8,GBK)'),
    value('s', 'subExpression ', 'Subscribe Expression(eg: TagA || TagB)'),
    value('b', 'beginTimestamp ', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('e', 'endTimestamp ', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('d', 'printBody ', 'print body'),
    value('l', 'lmqParentTopic', 'Lmq parent topic, lmq is used to find the route.'),
  ],
  async run(context) {
    const { client, options } = context
    const topic = options.required('t')
    const route = await client.route(options.text('l') ?? topic)
    const reader = new QueueReader(client, route, TOOLS_GROUP)
    for (const queue of readableQueues(topic, route)) await printQueue(context, reader, queue)
  },
}

const PULL_MAX = 32

async function printQueue({ options, print }: CommandContext, reader: QueueReader, queue: MessageQueue): Promise<void> {
  const begin = options.text('b')
  const end = options.text('e')
  const minOffset =
    begin === undefined ? await reader.minOffset(queue) : await reader.searchOffset(queue, parseTime(begin))
  const maxOffset = end === undefined ? await reader.maxOffset(queue) : await reader.searchOffset(queue, parseTime(end))
  const charset = options.text('c') ?? 'UTF-8'
  const printBody = options.boolean('d') ?? true
  print(`minOffset=${minOffset}, maxOffset=${maxOffset}, ${queueText(queue)}\n`)
  for (let offset = minOffset; offset < maxOffset; ) {
    const { status, messages, nextBeginOffset } = await reader.pull(queue, options.text('s') ?? '*', offset, PULL_MAX)
    offset = nextBeginOffset
    for (const message of messages) print(messageLine(message, charset, printBody))
    if (status === 'FOUND') continue
    const what = status === 'NO_MATCHED_MSG' ? 'no matched msg' : 'print msg finished'
    print(`${queueText(queue)} ${what}. status=${status}, offset=${offset}\n`)
    if (status !== 'NO_MATCHED_MSG') break
  }
  print(`${'-'.repeat(56)}\n`)
}
