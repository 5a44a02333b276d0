import { TransactionClient } from './transaction-client.ts'
import { messagesOf, WholeBroker } from './whole-broker.ts'

const COMMIT_LOG = '/store/commitlog'
export const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
export const GIVEN_UP = 'TRANS_CHECK_MAX_TIME_TOPIC'
/** Looks every 10 s for what is older than 6 s, asks 3 times. */
export const SETTINGS = 'transactionCheckInterval=10000\ntransactionCheckMax=3\n'

export async function started(settings = SETTINGS): Promise<{ whole: WholeBroker; producer: TransactionClient }> {
  const whole = await WholeBroker.start(settings)
  await whole.send('T', { body: 'plain' })
  return { whole, producer: await new TransactionClient(whole).join() }
}

export async function messagesIn(whole: WholeBroker, topic: string, queueId = 0) {
  return messagesOf(await whole.pull(topic, { queueId, sysFlag: 4 }))
}

export async function delivered(whole: WholeBroker): Promise<string[]> {
  return (await messagesIn(whole, 'T', 1)).map((message) => message.body.toString())
}

/** As operators see them: how far the half and the op queue are settled. */
export function positions(whole: WholeBroker): number[] {
  const { offsets } = whole.broker.tables
  return [HALF, OP].map((topic) => offsets.query('CID_RMQ_SYS_TRANS', topic, 0))
}

/** Seconds pass, a tick at a time. */
export async function pass(whole: WholeBroker, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) await whole.advance(100)
}

export async function restarted(whole: WholeBroker, whileDown = () => {}): Promise<TransactionClient> {
  whole.crash('process')
  await whole.settle()
  whileDown()
  await whole.startAgain()
  return new TransactionClient(whole, 'again').join()
}

export const logPath = (whole: WholeBroker): string => `${COMMIT_LOG}/${whole.disk.list(COMMIT_LOG)[0]}`

export function cutLog(whole: WholeBroker, phyOffset: number): void {
  const path = logPath(whole)
  whole.disk.writeFile(path, whole.disk.readFile(path).fill(0, phyOffset))
}
