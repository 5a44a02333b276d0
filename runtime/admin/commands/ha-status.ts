import {
  asObject,
  booleanField,
  integerField,
  listField,
  numberField,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, value } from '../command.ts'
import { humanTime } from '../java-text.ts'
import { heading, row } from '../table.ts'
import { masterTargets, onEach, repeatEvery } from '../targets.ts'

export const command: AdminCommand = {
  name: 'haStatus',
  summary: 'Fetch ha runtime status data.',
  options: [
    value('c', 'clusterName', 'which cluster'),
    value('b', 'brokerAddr', 'which broker to fetch'),
    value('i', 'interval', 'the interval(second) of get info'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  run: (context) =>
    repeatEvery(context, 3000, async () => {
      await onEach(context, await masterTargets(context), async (address) => {
        const info = await context.client.callForObject(address, { code: RequestCode.GET_BROKER_HA_STATUS })
        context.print(booleanField(info, 'master') ? masterText(address, info) : slaveText(info))
      })
    }),
}

const FORMAT = '%-32s  %-16d %16d %16.2f %16s %16d\n'

function masterText(address: string, info: JsonObject): string {
  const slaves = (listField(info, 'haConnectionInfo') ?? []).map((value) => asObject(value, 'haConnectionInfo'))
  const head =
    `\n#MasterAddr\t${address}\n#MasterCommitLogMaxOffset\t${integerField(info, 'masterCommitLogMaxOffset') ?? 0}\n` +
    `#SlaveNum\t${slaves.length}\n#InSyncSlaveNum\t${integerField(info, 'inSyncSlaveNums') ?? 0}\n`
  const titles = ['#SlaveAddr', '#SlaveAckOffset', '#Diff', '#TransferSpeed(KB/s)', '#Status', '#TransferFromWhere']
  return head + heading(FORMAT, ...titles) + slaves.map(slaveLine).join('')
}

function slaveLine(slave: JsonObject): string {
  const number = (name: string) => integerField(slave, name) ?? 0
  return row(
    FORMAT,
    textField(slave, 'addr'),
    number('slaveAckOffset'),
    number('diff'),
    (numberField(slave, 'transferredByteInSecond') ?? 0) / 1024,
    booleanField(slave, 'inSync') ? 'OK' : 'Fall Behind',
    number('transferFromWhere'),
  )
}

function slaveText(info: JsonObject): string {
  const slave = objectField(info, 'haClientRuntimeInfo') ?? {}
  const number = (name: string) => integerField(slave, name) ?? 0
  return (
    `\n#MasterAddr\t${textField(slave, 'masterAddr') ?? 'null'}\n` +
    `#CommitLogMaxOffset\t${number('maxOffset')}\n` +
    row('#TransferSpeed(KB/s)\t%.2f\n', number('transferredByteInSecond') / 1024) +
    `#LastReadTime\t${humanTime(number('lastReadTimestamp'))}\n` +
    `#LastWriteTime\t${humanTime(number('lastWriteTimestamp'))}\n` +
    `#MasterFlushOffset\t${number('masterFlushOffset')}\n`
  )
}
