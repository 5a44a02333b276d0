import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { AbsentError, AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { queryMessages } from '../messages.ts'
import { heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'queryMsgByKey',
  summary: 'Query Message by Key.',
  options: [
    required('t', 'topic', 'Topic name'),
    required('k', 'msgKey', 'Message Key'),
    value('b', 'beginTimestamp', 'Begin timestamp(ms). default:0, eg:1676730526212'),
    value('e', 'endTimestamp', 'End timestamp(ms). default:Long.MAX_VALUE, eg:1676730526212'),
    value('m', 'maxNum', 'The maximum number of messages returned by the query, default:64'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
    value('p', 'keyType', 'Index key type, default index key type is K, you can use K for keys OR T for tags'),
    value('l', 'lastKey', 'Last Key'),
  ],
  async run({ client, options, print }) {
    const topic = options.required('t')
    const key = options.required('k')
    const indexType = options.text('p') ?? 'K'
    if (indexType !== 'K' && indexType !== 'T') {
      throw new AdminError(`queryMsgByKey: -p is "${indexType}"; give K for keys or T for tags`)
    }
    const messages = await queryMessages(client, {
      topic,
      key,
      isUnique: false,
      maxNum: options.integer('m') ?? 64,
      beginMs: options.integer('b') ?? 0,
      endMs: options.integer('e'),
      cluster: options.text('c'),
      indexType,
      lastKey: options.text('l'),
    })
    if (messages.length === 0) {
      throw new AbsentError(
        ResponseCode.NO_MESSAGE,
        `no message of topic ${topic} has ${indexType === 'K' ? 'key' : 'tag'} "${key}"`,
      )
    }
    print(heading(FORMAT, '#Message ID', '#QID', '#Offset', '#IndexKey'))
    for (const { shownId, queueId, queueOffset, storeTimestampMs, phyOffset } of messages) {
      const hourMs = Math.floor(storeTimestampMs / HOUR_MS) * HOUR_MS
      const indexKey = [hourMs, topic, indexType, key, shownId, phyOffset].join('@')
      print(row(FORMAT, shownId, queueId, queueOffset, indexKey))
    }
  },
}

const FORMAT = '%-50s %4d %40d %-200s%n'
const HOUR_MS = 3_600_000
