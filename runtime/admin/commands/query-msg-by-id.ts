import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { consumeDirectly } from '../consume-directly.ts'
import { printMessage } from '../message-text.ts'
import { type FoundMessage, findMessage } from '../messages.ts'
import { Sender, sendResultText } from '../sender.ts'
import { onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'queryMsgById',
  summary: 'Query Message by Id.',
  options: [
    required('t', 'topic', 'topic name'),
    required('i', 'msgId', 'Message Id'),
    value('g', 'consumerGroup', 'consumer group name'),
    value('d', 'clientId', "The consumer's client id"),
    value('s', 'sendMessage', 'resend message'),
    value('u', 'unitName', 'unit name'),
    value('f', 'bodyFormat', 'print message body by the specified format'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  ],
  async run(context) {
    const { client, options, clock, print } = context
    const topic = options.required('t')
    const ids = options
      .required('i')
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== '')
    await onEach(context, ids, async (id) => {
      const message = await findMessage(client, topic, id, clock.now(), options.text('c'))
      if (options.has('g') && options.has('d')) {
        const result = await consumeDirectly(client, options.required('g'), options.required('d'), message)
        print(`${result}\n`)
      } else if (options.boolean('s') === true) {
        await resend(context, id, message)
      } else if (!options.has('s')) {
        await printMessage(context, message, { withId: true, charset: options.text('f') })
      }
    })
  },
}

async function resend(context: CommandContext, id: string, message: FoundMessage): Promise<void> {
  context.print(`prepare resend msg. originalMsgId=${id}\n`)
  const { topic, body, properties } = message
  const sender = new Sender(context, 'ReSendMsgById')
  const result = await sender.send({ topic, body, tags: properties.get('TAGS'), keys: properties.get('KEYS') })
  context.print(`${sendResultText(result)}\n`)
}
