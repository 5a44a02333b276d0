import { AbsentError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, flag } from '../command.ts'
import { groupsOfTopic } from '../message-track.ts'
import { cut, heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'topicList',
  summary: 'Fetch all topic list from name server.',
  options: [flag('c', 'clusterModel', 'clusterModel')],
  async run(context) {
    const { client, options, print } = context
    const topics = await client.topicList()
    if (!options.has('c')) {
      for (const topic of topics) print(`${topic}\n`)
      return
    }
    print(heading('%-20s  %-48s  %-48s%n', '#Cluster Name', '#Topic', '#Consumer Group'))
    for (const topic of topics) {
      if (topic.startsWith('%RETRY%') || topic.startsWith('%DLQ%')) continue
      const { cluster, groups } = await usersOf(context, topic)
      for (const group of groups.length === 0 ? [''] : groups) {
        print(row('%-20s  %-64s  %-64s%n', cut(cluster, 20), cut(topic, 64), cut(group, 64)))
      }
    }
  },
}

/** A topic that vanishes meanwhile has no cluster and no groups any more. */
async function usersOf({ client }: CommandContext, topic: string): Promise<{ cluster: string; groups: string[] }> {
  try {
    const { brokerDatas } = await client.route(topic)
    return { cluster: brokerDatas[0]?.cluster ?? '', groups: await groupsOfTopic(client, topic) }
  } catch (error) {
    if (error instanceof AbsentError) return { cluster: '', groups: [] }
    throw error
  }
}
