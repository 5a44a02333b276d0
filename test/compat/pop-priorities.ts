import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { layOutCluster } from './cluster.ts'
import { pop, send } from './pop-records.ts'
import { createTopic, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'

const TOPIC = 'prioritized'
const COMES_AGAIN_WITHIN_MS = 60_000

/** Where messages with priorities lie, and in which order they are popped, and popped again: body, queue, times they came. */
export async function popPriorities(engine: Engine, dir: string): Promise<string[]> {
  const conf = { useSeparateRetryQueue: true, popFromRetryProbabilityForPriority: 100 }
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `priorities-${engine}`, dir, namesrvEngine: 'gantry', brokers, conf })
  await cluster.start()
  try {
    const { address } = cluster.broker('broker-a')
    await createTopic(address, TOPIC, 4, '+message.type=PRIORITY')
    for (const [body, more] of messages) await send(address, TOPIC, 0, body, more)
    const first = await popOneByOne(address)
    const again = new Set<string>()
    await waitUntil('what was not acknowledged', COMES_AGAIN_WITHIN_MS, async () => {
      for (const one of await popOneByOne(address)) again.add(one)
      return [...again].filter((one) => one.endsWith(' 1')).length >= first.length
    })
    // When they come again is not the same for both engines; which come, and where, is.
    return [...first, ...[...again].filter((one) => one.endsWith(' 1')).toSorted()]
  } finally {
    await cluster.stop()
  }
}

const messages: readonly (readonly [string, Record<string, string>])[] = [
  ['of 1', { _SYS_MSG_PRIORITY_: '1' }],
  ['of 9', { _SYS_MSG_PRIORITY_: '9' }],
  ['of none', {}],
  ['of 2', { _SYS_MSG_PRIORITY_: '2' }],
  ['of 1 again', { _SYS_MSG_PRIORITY_: '1' }],
  ['of less than 0', { _SYS_MSG_PRIORITY_: '-1' }],
  ['of a word', { _SYS_MSG_PRIORITY_: 'high' }],
  ['of an order', { _SYS_MSG_PRIORITY_: '3', __SHARDINGKEY: 'k' }],
]

async function popOneByOne(address: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const answer: Frame = await pop(address, { topic: TOPIC, maxMsgNums: '1', invisibleTime: '10000' })
    if (answer.code !== 0) return found
    for (const { body, queueId, reconsumeTimes, properties } of decodeMessages(answer.body)) {
      found.push(`${body} in ${queueId} with ${properties.get('_SYS_MSG_PRIORITY_')}, ${reconsumeTimes}`)
    }
  }
}
