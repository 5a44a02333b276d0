import { exporterKeys } from '../broker-conf/metrics.ts'
import { accepted, BYTES, flag, int, long, MS, optionalText, path, SECONDS, text } from '../conf-key.ts'

export const controller = {
  title: 'Controller',
  about: 'The controller that enableControllerInNamesrv runs.',
  printedIfSet: true,
  keys: accepted({
    controllerType: text('DLedger', 'How controllers agree: DLedger or jRaft.'),
    controllerThreadPoolNums: int(16, 'Threads.'),
    controllerRequestThreadPoolQueueCapacity: int(50_000, 'Requests that may wait.'),
    controllerDLegerGroup: optionalText('Name of the group of controllers.'),
    controllerDLegerPeers: optionalText('Its members: id-host:port, separated by semicolons.'),
    controllerDLegerSelfId: optionalText('Own id among them.'),
    mappedFileSize: int(1_073_741_824, 'Size of a log file.', BYTES),
    controllerStorePath: path(
      { shown: '~/<controllerType>Controller', from: (env, get) => `${env.home}/${get('controllerType')}Controller` },
      'Folder of the controller.',
    ),
    electMasterMaxRetryCount: int(3, 'Attempts to elect a master.'),
    enableElectUncleanMaster: flag(false, 'Elect from outside the SyncStateSet if need be.'),
    processReadEvent: flag(false, 'Put reads through the log too.'),
    isProcessReadEvent: flag(false, 'The same, as a file saved by Apache RocketMQ names it.'),
    notifyBrokerRoleChanged: flag(true, 'Tell brokers about a new master.'),
    scanInactiveMasterInterval: long(5000, 'How often to look for groups without master.', MS),
    ...exporterKeys,
    jRaftElectionTimeoutMs: int(1000, 'Election timeout.', MS),
    jRaftScanWaitTimeoutMs: int(1000, 'How long a scan may take.', MS),
    jRaftSnapshotIntervalSecs: int(3600, 'How often to take a snapshot.', SECONDS),
    jRaftGroupId: text('jRaft-Controller', 'Name of the group.'),
    jRaftServerId: text('localhost:9880', 'Own address.'),
    jRaftInitConf: text('localhost:9880,localhost:9881,localhost:9882', 'Members.'),
    jRaftControllerRPCAddr: text('localhost:9770,localhost:9771,localhost:9772', 'Their addresses for brokers.'),
  }),
}
