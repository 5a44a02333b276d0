import { accepted, derived, flag, implemented, int, LIVE, list, long, optionalPath, text } from '../conf-key.ts'

export const identity = {
  title: 'Identity',
  about: 'Who the broker is and how others reach it.',
  keys: {
    ...implemented({
      brokerClusterName: text('DefaultCluster', 'Name of the cluster.'),
      brokerName: text(
        derived('host name', (env) => env.hostName),
        'Name of the broker group: a master and its slaves share it.',
      ),
      brokerId: long(0, 'Place in the broker group: 0 is the master, slaves have distinct ids from 1 up.', { min: -1 }),
      brokerIP1: text(
        derived('address of this host', (env) => env.localAddress),
        'Address announced to clients and to the other brokers.',
      ),
      brokerIP2: text(
        derived('address of this host', (env) => env.localAddress),
        'Address announced to slaves for replication.',
      ),
      regionId: text('DefaultRegion', 'Region name that goes into send responses and message traces.', LIVE),
      brokerPermission: int(6, 'What the broker lets clients do: 2 write, 4 read, 6 both.', {
        min: 0,
        max: 7,
        live: true,
      }),
      configBlackList: list(
        ';',
        ['configBlackList', 'brokerConfigPath'],
        'Keys that UPDATE_BROKER_CONFIG refuses to change.',
      ),
      rocketmqHome: optionalPath(
        'Folder of the installation.',
        derived('$ROCKETMQ_HOME', (env) => env.rocketmqHome),
      ),
      brokerConfigPath: optionalPath(
        'File that configuration changes are saved to; when not set, the conf file the broker was started with.',
      ),
    }),
    ...accepted({
      inBrokerContainer: flag(false, 'Whether the broker shares its process with others.'),
      isInBrokerContainer: flag(false, 'The same, as a file saved by Apache RocketMQ names it.'),
      isBrokerContainer: flag(false, 'Whether this is the container of several brokers itself.'),
      isolateLogEnable: flag(false, 'A log folder per broker.'),
      aclEnable: flag(false, 'Access lists as before 5.3, which Apache RocketMQ has dropped too.'),
      messageStorePlugIn: text('', 'Java classes that wrap the message store.'),
    }),
  },
}
