import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { Sender } from '../sender.ts'
import { heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'checkMsgSendRT',
  summary: 'Check message send response time.',
  options: [
    required('t', 'topic', 'topic name'),
    value('a', 'amount', 'message amount | default 100'),
    value('s', 'size', 'message size | default 128 Byte'),
  ],
  async run(context) {
    const { options, clock, print } = context
    const topic = options.required('t')
    const amount = options.integer('a') ?? 100
    const body = Buffer.alloc(options.integer('s') ?? 128, 'a')
    const sender = new Sender(context, 'CHECK_MSG_SEND_RT')
    const queues = await sender.queues(topic)
    print(heading(FORMAT, '#Broker Name', '#QID', '#Send Result', '#RT'))
    let totalMs = 0
    for (let i = 0; i < amount; i++) {
      const queue = queues[i % queues.length]
      const startedMs = clock.monotonic()
      const isSent = await sender.send({ topic, body }, queue).then(
        () => true,
        (error) => {
          if (!(error instanceof AdminError)) throw error
          context.fail(error)
          return false
        },
      )
      const elapsedMs = Math.round(clock.monotonic() - startedMs)
      // The first send opens the connection.
      if (i !== 0) totalMs += elapsedMs
      print(row(FORMAT, queue?.brokerName, queue?.queueId, isSent, elapsedMs))
    }
    print(row('Avg RT: %.2f%n', totalMs / Math.max(1, amount - 1)))
  },
}

const FORMAT = '%-32s  %-4s  %-20s    %s%n'
