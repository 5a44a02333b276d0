import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { parseTime } from '../java-text.ts'
import { type MessageQueue, queueText } from '../message-queue.ts'
import { messageLine } from '../message-text.ts'
import { QueueReader, readableQueues, TOOLS_GROUP } from '../messages.ts'

export const command: AdminCommand = {
  name: 'consumeMessage',
  summary: 'Consume message.',
  options: [
    required('t', 'topic', 'Topic name'),
    value('b', 'brokerName', 'Broker name'),
    value('i', 'queueId', 'Queue Id'),
    value('o', 'offset', 'Queue offset'),
    value('g', 'consumerGroup', 'Consumer group name'),
    value('s', 'beginTimestamp ', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('e', 'endTimestamp ', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('c', 'MessageNumber', 'Number of message to be consumed'),
  ],
  async run(context) {
    const { client, options } = context
    const topic = options.required('t')
    checkOptions(context)
    const route = await client.route(topic)
    const reader = new QueueReader(client, route, options.text('g') ?? TOOLS_GROUP)
    const brokerName = options.text('b')
    const queueId = options.integer('i')
    if (brokerName !== undefined && queueId !== undefined) {
      await consumeOne(context, reader, { topic, brokerName, queueId })
      return
    }
    const queues = readableQueues(topic, route)
    await consumeAll(
      context,
      reader,
      brokerName === undefined ? queues : queues.filter((queue) => queue.brokerName === brokerName),
    )
  },
}

const COUNT = 128

function checkOptions({ options, clock }: CommandContext): void {
  if ((options.integer('c') ?? COUNT) <= 0) throw new AdminError('consumeMessage: -c counts messages; give at least 1')
  if (options.has('i') && !options.has('b')) {
    throw new AdminError('consumeMessage: -i needs the broker of the queue: add -b <broker name>')
  }
  if (options.has('o') && !options.has('i')) throw new AdminError('consumeMessage: -o needs a queue: add -i <queue id>')
  const begin = parseTime(options.text('s') ?? '0')
  const end = parseTime(options.text('e') ?? '0')
  const nowMs = clock.now()
  if (begin > nowMs) throw new AdminError('consumeMessage: -s lies in the future')
  if (end > nowMs) throw new AdminError('consumeMessage: -e lies in the future')
  if (end > 0 && begin > end) throw new AdminError('consumeMessage: -s lies after -e')
}

/** First and last offset to read: the queue's, or those of the times of -s and -e. */
async function rangeOf(
  { options }: CommandContext,
  reader: QueueReader,
  queue: MessageQueue,
): Promise<[number, number]> {
  const begin = parseTime(options.text('s') ?? '0')
  const end = parseTime(options.text('e') ?? '0')
  return [
    begin > 0 ? await reader.searchOffset(queue, begin) : await reader.minOffset(queue),
    end > 0 ? await reader.searchOffset(queue, end) : await reader.maxOffset(queue),
  ]
}

async function consumeAll(
  context: CommandContext,
  reader: QueueReader,
  queues: readonly MessageQueue[],
): Promise<void> {
  let left = context.options.integer('c') ?? COUNT
  for (const queue of queues) {
    if (left <= 0) return
    const [min, max] = await rangeOf(context, reader, queue)
    if (max - min > left) {
      context.print(`The older ${left} message of the ${queue.queueId} queue will be provided\n`)
      await consume(context, reader, queue, min, min + left - 1)
      return
    }
    left -= max - min
    await consume(context, reader, queue, min, max)
  }
}

async function consumeOne(context: CommandContext, reader: QueueReader, queue: MessageQueue): Promise<void> {
  const { options, print } = context
  const count = options.integer('c') ?? COUNT
  const offset = options.integer('o') ?? 0
  const [min, max] = await rangeOf(context, reader, queue)
  if (offset > max) return print(`${queueText(queue)} no matched msg, offset=${offset}\n`)
  const from = Math.max(min, offset)
  if (max - from <= count) return consume(context, reader, queue, from, max)
  print(`The oldler ${count} message will be provided\n`)
  return consume(context, reader, queue, from, from + count - 1)
}

/** Reads until the last offset, which at the end of a queue is one past its last message. */
async function consume(
  { print }: CommandContext,
  reader: QueueReader,
  queue: MessageQueue,
  first: number,
  last: number,
): Promise<void> {
  for (let offset = first; offset <= last; ) {
    const { status, messages, nextBeginOffset } = await reader.pull(queue, '*', offset, last - offset + 1)
    offset = nextBeginOffset
    if (status === 'FOUND') {
      print('Consume ok\n')
      for (const message of messages) print(messageLine(message, 'UTF-8', true))
    } else {
      const what = status === 'NO_MATCHED_MSG' ? 'no matched msg' : 'print msg finished'
      print(`${queueText(queue)} ${what}. status=${status}, offset=${offset}\n`)
      if (status !== 'NO_MATCHED_MSG') return
    }
  }
}
