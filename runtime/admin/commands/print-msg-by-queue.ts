import { type AdminCommand, required, value } from '../command.ts'
import { parseTime } from '../java-text.ts'
import { compareTexts } from '../message-queue.ts'
import { messageLine } from '../message-text.ts'
import { type FoundMessage, QueueReader, TOOLS_GROUP } from '../messages.ts'
import { row } from '../table.ts'

export const command: AdminCommand = {
  name: 'printMsgByQueue',
  summary: 'Print Message Detail by queueId.',
  options: [
    required('t', 'topic', 'topic name'),
    required('a', 'brokerName ', 'broker name'),
    required('i', 'queueId ', 'queue id'),
    value('c', 'charsetName ', 'CharsetName(eg: UTF-8,GBK)'),
    value('s', 'subExpression ', 'Subscribe Expression(eg: TagA || TagB)'),
    value('b', 'beginTimestamp ', 'Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('e', 'endTimestamp ', 'End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('p', 'print msg', 'print msg. eg: true | false(default)'),
    value('d', 'printBody ', 'print body. eg: true | false(default)'),
    value('f', 'calculate', 'calculate by tag. eg: true | false(default)'),
  ],
  async run({ client, options, print }) {
    const topic = options.required('t')
    const queue = { topic, brokerName: options.required('a'), queueId: options.integer('i') ?? 0 }
    const reader = new QueueReader(client, await client.route(topic), TOOLS_GROUP)
    const begin = options.text('b')
    const end = options.text('e')
    const minOffset =
      begin === undefined ? await reader.minOffset(queue) : await reader.searchOffset(queue, parseTime(begin))
    const maxOffset =
      end === undefined ? await reader.maxOffset(queue) : await reader.searchOffset(queue, parseTime(end))
    const charset = options.text('c') ?? 'UTF-8'
    const counts = new Map<string, number>()
    for (let offset = minOffset; offset < maxOffset; ) {
      const { status, messages, nextBeginOffset } = await reader.pull(queue, options.text('s') ?? '*', offset, PULL_MAX)
      offset = nextBeginOffset
      for (const message of messages) {
        countTag(counts, message)
        if (options.boolean('p')) print(messageLine(message, charset, options.boolean('d') ?? false))
      }
      if (status === 'NO_NEW_MSG' || status === 'OFFSET_ILLEGAL') break
    }
    if (!options.boolean('f')) return
    for (const [tag, count] of [...counts].sort(([a, x], [b, y]) => y - x || compareTexts(a, b))) {
      print(row('Tag: %-30s Count: %s%n', tag, count))
    }
  },
}

const PULL_MAX = 32

function countTag(counts: Map<string, number>, { properties }: FoundMessage): void {
  const tag = properties.get('TAGS') ?? ''
  if (tag.trim() !== '') counts.set(tag, (counts.get(tag) ?? 0) + 1)
}
