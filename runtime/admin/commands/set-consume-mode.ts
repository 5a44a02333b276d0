import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'setConsumeMode',
  summary: 'Set consume message mode. pull/pop etc.',
  options: [
    value('b', 'brokerAddr', 'create subscription group to which broker'),
    value('c', 'clusterName', 'create subscription group to which cluster'),
    required('t', 'topicName', 'topic name'),
    required('g', 'groupName', 'consumer group name'),
    required('m', 'mode', 'consume mode. PULL/POP'),
    value('q', 'popShareQueueNum', 'num of queue which share in pop mode'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const topic = options.required('t')
    const consumerGroup = options.required('g')
    const mode = options.required('m')
    if (mode !== 'PULL' && mode !== 'POP') throw new AdminError(`setConsumeMode: -m is "${mode}"; give PULL or POP`)
    const popShareQueueNum = options.integer('q') ?? 0
    const body = encodeJson({ topic, consumerGroup, mode, popShareQueueNum })
    await onEach(context, await masterTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.SET_MESSAGE_REQUEST_MODE, body }, CALL_TIMEOUT_MS)
      print(`set consume mode to ${address} success.\n`)
    })
    print(`topic[${topic}] group[${consumerGroup}] consume mode[${mode}] popShareQueueNum[${popShareQueueNum}]`)
  },
}

const CALL_TIMEOUT_MS = 5000
