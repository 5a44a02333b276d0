import { RequestCode } from '../../codec/remoting/request-code.ts'
import { runOnBrokers } from '../clean-brokers.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'cleanExpiredCQ',
  summary: 'Clean expired ConsumeQueue on broker.',
  options: [value('b', 'brokerAddr', 'Broker address'), value('c', 'cluster', 'clustername')],
  run: (context) => runOnBrokers(context, RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE),
}
