import { nearestName } from '../config/nearest-name.ts'
import { AdminError } from './admin-error.ts'
import type { AdminCommand } from './command.ts'

type Load = () => Promise<{ readonly command: AdminCommand }>

/** The commands in the order of the official list. A command's module is loaded when it is called. */
export const COMMANDS: Readonly<Record<string, Load>> = {
  updateTopic: () => import('./commands/update-topic.ts'),
  updateTopicList: () => import('./commands/update-topic-list.ts'),
  deleteTopic: () => import('./commands/delete-topic.ts'),
  updateSubGroup: () => import('./commands/update-sub-group.ts'),
  updateSubGroupList: () => import('./commands/update-sub-group-list.ts'),
  setConsumeMode: () => import('./commands/set-consume-mode.ts'),
  deleteSubGroup: () => import('./commands/delete-sub-group.ts'),
  updateBrokerConfig: () => import('./commands/update-broker-config.ts'),
  updateTopicPerm: () => import('./commands/update-topic-perm.ts'),
  topicRoute: () => import('./commands/topic-route.ts'),
  topicStatus: () => import('./commands/topic-status.ts'),
  topicClusterList: () => import('./commands/topic-cluster-list.ts'),
  resetMasterFlushOffset: () => import('./commands/reset-master-flush-offset.ts'),
  brokerStatus: () => import('./commands/broker-status.ts'),
  queryMsgById: () => import('./commands/query-msg-by-id.ts'),
  queryMsgByKey: () => import('./commands/query-msg-by-key.ts'),
  queryMsgByUniqueKey: () => import('./commands/query-msg-by-unique-key.ts'),
  queryMsgByOffset: () => import('./commands/query-msg-by-offset.ts'),
  printMsg: () => import('./commands/print-msg.ts'),
  printMsgByQueue: () => import('./commands/print-msg-by-queue.ts'),
  sendMsgStatus: () => import('./commands/send-msg-status.ts'),
  brokerConsumeStats: () => import('./commands/broker-consume-stats.ts'),
  producerConnection: () => import('./commands/producer-connection.ts'),
  consumerConnection: () => import('./commands/consumer-connection.ts'),
  consumerProgress: () => import('./commands/consumer-progress.ts'),
  consumerStatus: () => import('./commands/consumer-status.ts'),
  cloneGroupOffset: () => import('./commands/clone-group-offset.ts'),
  producer: () => import('./commands/producer.ts'),
  clusterList: () => import('./commands/cluster-list.ts'),
  topicList: () => import('./commands/topic-list.ts'),
  updateKvConfig: () => import('./commands/update-kv-config.ts'),
  deleteKvConfig: () => import('./commands/delete-kv-config.ts'),
  wipeWritePerm: () => import('./commands/wipe-write-perm.ts'),
  addWritePerm: () => import('./commands/add-write-perm.ts'),
  resetOffsetByTime: () => import('./commands/reset-offset-by-time.ts'),
  skipAccumulatedMessage: () => import('./commands/skip-accumulated-message.ts'),
  updateOrderConf: () => import('./commands/update-order-conf.ts'),
  cleanExpiredCQ: () => import('./commands/clean-expired-cq.ts'),
  deleteExpiredCommitLog: () => import('./commands/delete-expired-commit-log.ts'),
  cleanUnusedTopic: () => import('./commands/clean-unused-topic.ts'),
  statsAll: () => import('./commands/stats-all.ts'),
  allocateMQ: () => import('./commands/allocate-mq.ts'),
  checkMsgSendRT: () => import('./commands/check-msg-send-rt.ts'),
  clusterRT: () => import('./commands/cluster-rt.ts'),
  getNamesrvConfig: () => import('./commands/get-namesrv-config.ts'),
  updateNamesrvConfig: () => import('./commands/update-namesrv-config.ts'),
  getBrokerConfig: () => import('./commands/get-broker-config.ts'),
  getConsumerConfig: () => import('./commands/get-consumer-config.ts'),
  queryCq: () => import('./commands/query-cq.ts'),
  sendMessage: () => import('./commands/send-message.ts'),
  consumeMessage: () => import('./commands/consume-message.ts'),
  updateStaticTopic: () => import('./commands/update-static-topic.ts'),
  remappingStaticTopic: () => import('./commands/remapping-static-topic.ts'),
  exportMetadata: () => import('./commands/export-metadata.ts'),
  exportConfigs: () => import('./commands/export-configs.ts'),
  haStatus: () => import('./commands/ha-status.ts'),
  getSyncStateSet: () => import('./commands/get-sync-state-set.ts'),
  getBrokerEpoch: () => import('./commands/get-broker-epoch.ts'),
  getControllerMetaData: () => import('./commands/get-controller-meta-data.ts'),
  getControllerConfig: () => import('./commands/get-controller-config.ts'),
  updateControllerConfig: () => import('./commands/update-controller-config.ts'),
  electMaster: () => import('./commands/elect-master.ts'),
  cleanBrokerMetadata: () => import('./commands/clean-broker-metadata.ts'),
  getColdDataFlowCtrInfo: () => import('./commands/get-cold-data-flow-ctr-info.ts'),
  updateColdDataFlowCtrGroupConfig: () => import('./commands/update-cold-data-flow-ctr-group-config.ts'),
  removeColdDataFlowCtrGroupConfig: () => import('./commands/remove-cold-data-flow-ctr-group-config.ts'),
  setCommitLogReadAheadMode: () => import('./commands/set-commit-log-read-ahead-mode.ts'),
  createUser: () => import('./commands/create-user.ts'),
  updateUser: () => import('./commands/update-user.ts'),
  deleteUser: () => import('./commands/delete-user.ts'),
  getUser: () => import('./commands/get-user.ts'),
  listUser: () => import('./commands/list-user.ts'),
  copyUser: () => import('./commands/copy-user.ts'),
  createAcl: () => import('./commands/create-acl.ts'),
  updateAcl: () => import('./commands/update-acl.ts'),
  deleteAcl: () => import('./commands/delete-acl.ts'),
  getAcl: () => import('./commands/get-acl.ts'),
  listAcl: () => import('./commands/list-acl.ts'),
  copyAcl: () => import('./commands/copy-acl.ts'),
  // Our own.
  changeControllers: () => import('./commands/change-controllers.ts'),
}

/** Commands of the official tool that concern what this engine does not have yet, or RocksDB. */
const NOT_OFFERED: readonly string[] = [
  'addBroker',
  'removeBroker',
  'queryMsgTraceById',
  'startMonitoring',
  'exportMetrics',
  'exportMetadataInRocksDB',
  'exportPopRecord',
  'dumpCompactionLog',
  'rocksDBConfigToJson',
  'checkRocksdbCqWriteProgress',
  'switchTimerEngine',
  'getBrokerLiteInfo',
  'getParentTopicInfo',
  'getLiteTopicInfo',
  'getLiteClientInfo',
  'getLiteGroupInfo',
  'triggerLiteDispatch',
]

/** A command by its name in any case. @throws AdminError suggesting the nearest name */
export async function loadCommand(name: string): Promise<AdminCommand> {
  const known = Object.entries(COMMANDS).find(([candidate]) => candidate.toLowerCase() === name.toLowerCase())
  if (known) return (await known[1]()).command
  const official = NOT_OFFERED.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  if (official !== undefined) {
    throw new AdminError(
      `the command ${official} of Apache RocketMQ is not offered here; use the official mqadmin for it`,
    )
  }
  const nearest = nearestName(name, Object.keys(COMMANDS))
  const hint = nearest === undefined ? 'mqadmin alone lists all commands' : `did you mean ${nearest}?`
  throw new AdminError(`there is no command ${name}; ${hint}`)
}

export async function loadAllCommands(): Promise<AdminCommand[]> {
  const modules = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  return modules.map(({ command }) => command)
}
