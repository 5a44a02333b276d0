import { RequestCode } from '../../codec/remoting/request-code.ts'
import { runOnBrokers } from '../clean-brokers.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'cleanUnusedTopic',
  summary: 'Clean unused topic on broker.',
  options: [value('b', 'brokerAddr', 'Broker address'), value('c', 'cluster', 'cluster name')],
  run: (context) => runOnBrokers(context, RequestCode.CLEAN_UNUSED_TOPIC),
}
