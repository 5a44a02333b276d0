import { type AdminCommand, required } from '../command.ts'

export const command: AdminCommand = {
  name: 'topicClusterList',
  summary: 'Get cluster info for topic.',
  options: [required('t', 'topic', 'topic name')],
  async run({ client, options, print }) {
    const { brokerDatas } = await client.route(options.required('t'))
    const { clusters } = await client.clusterInfo()
    const brokers = new Set(brokerDatas.map(({ brokerName }) => brokerName))
    for (const [cluster, names] of clusters) {
      if (names.some((name) => brokers.has(name))) print(`${cluster}\n`)
    }
  },
}
