import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { readListFile } from '../list-file.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'updateTopicList',
  summary: 'create or update topic in batch',
  options: [
    value('b', 'brokerAddr', 'create topic to which broker'),
    value('c', 'clusterName', 'create topic to which cluster'),
    required('f', 'filename', 'Path to a file with list of org.apache.rocketmq.common.TopicConfig in json format'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const topicConfigList = readListFile(context, context.options.required('f'))
    const body = encodeJson({ topicConfigList })
    await onEach(context, await masterTargets(context), async (address) => {
      await context.client.call(address, { code: RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, body })
      context.print(`submit batch of topic config to ${address} success, please check the result later.\n`)
    })
  },
}
