import { exporterKeys } from '../broker-conf/metrics.ts'
import {
  accepted,
  BYTES,
  derived,
  flag,
  implemented,
  int,
  LIVE,
  long,
  MS,
  oneOf,
  optionalText,
  path,
  SECONDS,
  text,
} from '../conf-key.ts'

/** ControllerConfig and JraftConfig, but for the keys that a name server has too. */
export const controller = {
  title: 'Controller',
  about: 'Several controllers agree on who is master of which broker group.',
  keys: {
    ...implemented({
      controllerType: oneOf(
        ['DLedger', 'jRaft'],
        'DLedger',
        'How the controllers are described. Only DLedger is: with the three keys that follow, whatever protocol they speak among themselves.',
      ),
      controllerDLegerGroup: optionalText('Name of the group of controllers.'),
      controllerDLegerPeers: optionalText(
        'Its members: id-host:port, separated by semicolons. Brokers and controllers reach them there.',
      ),
      controllerDLegerSelfId: optionalText('Own id among them.'),
      controllerStorePath: path(
        derived('~/<controllerType>Controller', (env, get) => `${env.home}/${get('controllerType')}Controller`),
        'Folder of the controller.',
      ),
      electMasterMaxRetryCount: int(3, 'Repetitions of an election that could not be proposed.', { min: 0 }),
      enableElectUncleanMaster: flag(
        false,
        'Elect from outside the SyncStateSet if none of it is alive. Loses messages that were acknowledged.',
        LIVE,
      ),
      notifyBrokerRoleChanged: flag(true, 'Tell brokers about a new master at once.', LIVE),
      scanInactiveMasterInterval: long(5000, 'How often to look for groups without master, beside each event.', {
        ...MS,
        min: 100,
      }),
    }),
    ...accepted({
      controllerThreadPoolNums: int(16, 'Threads.'),
      controllerRequestThreadPoolQueueCapacity: int(50_000, 'Requests that may wait.'),
      mappedFileSize: int(1_073_741_824, 'Size of a log file.', BYTES),
      processReadEvent: flag(false, 'Put reads through the log too. Here reads are always up to date.'),
      isProcessReadEvent: flag(false, 'The same, as a file saved by Apache RocketMQ names it.'),
      ...exporterKeys,
      jRaftElectionTimeoutMs: int(1000, 'Election timeout.', MS),
      jRaftScanWaitTimeoutMs: int(1000, 'How long a scan may take.', MS),
      jRaftSnapshotIntervalSecs: int(3600, 'How often to take a snapshot.', SECONDS),
      jRaftGroupId: text('jRaft-Controller', 'Name of the group.'),
      jRaftServerId: text('localhost:9880', 'Own address.'),
      jRaftInitConf: text('localhost:9880,localhost:9881,localhost:9882', 'Members.'),
      jRaftControllerRPCAddr: text('localhost:9770,localhost:9771,localhost:9772', 'Their addresses for brokers.'),
    }),
  },
}
