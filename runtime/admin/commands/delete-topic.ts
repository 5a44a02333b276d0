import { type AdminCommand, required } from '../command.ts'
import { deleteTopicInBrokers, deleteTopicInNameServers } from '../delete-topic.ts'

export const command: AdminCommand = {
  name: 'deleteTopic',
  summary: 'Delete topic from broker and NameServer.',
  options: [required('t', 'topic', 'topic name'), required('c', 'clusterName', 'delete topic from which cluster')],
  async run(context) {
    const topic = context.options.required('t')
    const cluster = context.options.required('c')
    await deleteTopicInBrokers(context.client, await context.client.masters(cluster), topic)
    context.print(`delete topic [${topic}] from cluster [${cluster}] success.\n`)
    await deleteTopicInNameServers(context.client, topic, cluster)
    context.print(`delete topic [${topic}] from NameServer success.\n`)
  },
}
