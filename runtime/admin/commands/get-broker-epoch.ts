import { asObject, integerField, listField, textField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { addressesOf } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { onEach, repeatEvery } from '../targets.ts'

export const command: AdminCommand = {
  name: 'getBrokerEpoch',
  summary: 'Fetch broker epoch entries.',
  options: [
    value('c', 'clusterName', 'which cluster'),
    value('b', 'brokerName', 'which broker to fetch'),
    value('i', 'interval', 'the interval(second) of get info'),
  ],
  oneOf: ['b', 'c'],
  run: (context) =>
    repeatEvery(context, 3000, async () => {
      await onEach(context, await targets(context), async (address) => {
        const cache = await context.client.callForObject(address, { code: RequestCode.GET_BROKER_EPOCH_CACHE })
        context.print(cacheText(address, cache))
      })
    }),
}

/** All brokers of the group of -b, or of the cluster of -c. */
async function targets({ client, options }: CommandContext): Promise<string[]> {
  const brokerName = options.text('b')
  if (brokerName === undefined) return client.brokerAddresses(options.required('c'))
  const { brokers } = await client.clusterInfo()
  const group = brokers.get(brokerName)
  if (group) return addressesOf(group)
  const known = brokers.size === 0 ? 'none' : [...brokers.keys()].join(', ')
  throw new AdminError(`broker ${brokerName} is unknown to the name servers; they know: ${known}`)
}

function cacheText(address: string, cache: JsonObject): string {
  const entries = (listField(cache, 'epochList') ?? []).map((entry) => asObject(entry, 'epochList'))
  const lines = entries.map((entry, index) => {
    const start = integerField(entry, 'startOffset') ?? 0
    // The last epoch goes on to the end of the log.
    const isLast = index === entries.length - 1
    const end = isLast ? (integerField(cache, 'maxOffset') ?? 0) : endOf(entry)
    return `\n#Epoch: EpochEntry{epoch=${integerField(entry, 'epoch') ?? 0}, startOffset=${start}, endOffset=${end}}`
  })
  return (
    `\n#clusterName\t${textField(cache, 'clusterName') ?? 'null'}\n#brokerName\t${textField(cache, 'brokerName') ?? 'null'}` +
    `\n#brokerAddr\t${address}\n#brokerId\t${integerField(cache, 'brokerId') ?? 0}${lines.join('')}\n`
  )
}

/** Long.MAX_VALUE, an epoch without an end, does not fit a number: its digits are shown as they came. */
function endOf(entry: JsonObject): string {
  const end = entry['endOffset']
  return end === undefined || end === null ? '0' : String(end)
}
