import { encodeJson } from '../../codec/json/write-json.ts'
import { type AdminCommand, required } from '../command.ts'
import type { MessageQueue } from '../message-queue.ts'
import { readableQueues } from '../messages.ts'

export const command: AdminCommand = {
  name: 'allocateMQ',
  summary: 'Allocate MQ.',
  options: [required('t', 'topic', 'topic name'), required('i', 'ipList', 'ipList')],
  async run({ client, options, print }) {
    const topic = options.required('t')
    const ips = options.required('i').split(',')
    const queues = readableQueues(topic, await client.route(topic))
    const result = new Map(ips.map((ip, index) => [ip, share(queues, index, ips.length)]))
    print(`${encodeJson({ result }).toString()}\n`)
  },
}

/** The queues of one of `count` consumers when they share evenly, in order, the first ones taking what is left over. */
function share(queues: readonly MessageQueue[], index: number, count: number): readonly MessageQueue[] {
  const each = Math.floor(queues.length / count)
  const left = queues.length % count
  const start = index * each + Math.min(index, left)
  return queues.slice(start, start + each + (index < left ? 1 : 0))
}
