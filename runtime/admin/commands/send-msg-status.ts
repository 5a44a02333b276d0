import { type AdminCommand, required, value } from '../command.ts'
import { Sender, sendResultText } from '../sender.ts'

export const command: AdminCommand = {
  name: 'sendMsgStatus',
  summary: 'Send msg to broker.',
  options: [
    required('b', 'brokerName', 'Broker Name e.g. clusterName_brokerName as DefaultCluster_broker-a'),
    value('s', 'messageSize', 'Message Size, Default: 128'),
    value('c', 'count', 'send message count, Default: 50'),
  ],
  async run(context) {
    const { options, clock, print } = context
    const topic = options.required('b')
    const size = options.integer('s') ?? 128
    const count = options.integer('c') ?? 50
    const sender = new Sender(context, 'PID_SMSC')
    // The first send opens the connection: it is not counted.
    await sender.send({ topic, body: bodyOf(16) })
    for (let i = 0; i < count; i++) {
      const startedMs = clock.monotonic()
      const result = await sender.send({ topic, body: bodyOf(size) })
      print(`rt=${Math.round(clock.monotonic() - startedMs)}ms, SendResult=${sendResultText(result)}\n`)
    }
  },
}

const FILLING = 'hello jodie'

/** Whole repetitions, at least as many bytes as asked for. */
function bodyOf(sizeBytes: number): Buffer {
  return Buffer.from(FILLING.repeat(Math.ceil(sizeBytes / FILLING.length)))
}
