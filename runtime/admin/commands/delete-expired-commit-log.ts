import { RequestCode } from '../../codec/remoting/request-code.ts'
import { runOnBrokers } from '../clean-brokers.ts'
import { type AdminCommand, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'deleteExpiredCommitLog',
  summary: 'Delete expired CommitLog files.',
  options: [value('b', 'brokerAddr', 'Broker address'), value('c', 'cluster', 'clustername')],
  run: (context) => runOnBrokers(context, RequestCode.DELETE_EXPIRED_COMMITLOG),
}
