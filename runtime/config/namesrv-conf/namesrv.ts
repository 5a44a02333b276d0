import {
  accepted,
  derived,
  flag,
  implemented,
  int,
  LIVE,
  list,
  long,
  MS,
  optionalPath,
  path,
  SECONDS,
  text,
} from '../conf-key.ts'

export const namesrv = {
  title: 'Name server',
  about: 'Routes, and the brokers that announce them.',
  keys: {
    ...implemented({
      rocketmqHome: optionalPath(
        'Folder of the installation.',
        derived('$ROCKETMQ_HOME', (env) => env.rocketmqHome),
      ),
      kvConfigPath: path(
        derived('~/namesrv/kvConfig.json', (env) => `${env.home}/namesrv/kvConfig.json`),
        'File of the key-value configuration.',
      ),
      configStorePath: path(
        derived('~/namesrv/namesrv.properties', (env) => `${env.home}/namesrv/namesrv.properties`),
        'File that configuration changes are saved to; the conf file, if the name server was started with one.',
      ),
      configBlackList: list(
        ';',
        ['configBlackList', 'configStorePath', 'kvConfigPath'],
        'Keys that UPDATE_NAMESRV_CONFIG refuses to change.',
      ),
      orderMessageEnable: flag(false, 'Add the order configuration of a topic to its route.', LIVE),
      returnOrderTopicConfigToBroker: flag(true, 'Answer registrations with the table of ordered topics.', LIVE),
      scanNotActiveBrokerInterval: long(5000, 'How often to look for silent brokers.', { ...MS, min: 1 }),
      supportActingMaster: flag(false, 'Show clients a slave as master while its master is away.', LIVE),
      enableAllTopicList: flag(true, 'Answer requests for all topics of the name server.', LIVE),
      enableTopicList: flag(true, 'Answer requests for topic lists.', LIVE),
      notifyMinBrokerIdChanged: flag(false, 'Tell a broker group when its lowest id changes.', LIVE),
      deleteTopicWithBrokerRegistration: flag(false, 'Forget topics that a broker no longer registers.', LIVE),
      needWaitForService: flag(false, 'Answer no route requests right after the start.', LIVE),
      waitSecondsForService: int(45, 'For how long.', { ...SECONDS, live: true }),
      unRegisterBrokerQueueCapacity: int(3000, 'Brokers that may wait to be unregistered.', { min: 1 }),
      enableControllerInNamesrv: flag(
        false,
        'Run a controller in the name server, at the address that controllerDLegerPeers gives it.',
      ),
    }),
    ...accepted({
      clusterTest: flag(false, 'Answer for unknown topics with a route from the cluster named by productEnvName.'),
      productEnvName: text('center', 'Name of the environment, for clusterTest.'),
      clientRequestThreadPoolNums: int(8, 'Threads for route requests.'),
      defaultThreadPoolNums: int(16, 'Threads for other requests.'),
      clientRequestThreadPoolQueueCapacity: int(50_000, 'Route requests that may wait.'),
      defaultThreadPoolQueueCapacity: int(10_000, 'Other requests that may wait.'),
    }),
  },
}
