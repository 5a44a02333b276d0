import { join } from 'node:path'

export type Conf = Record<string, string | number | boolean>

/** Of the classic kind as of controller mode; the engines' own defaults but for what a test cannot wait for. */
export function brokerConf(dir: string, name: string, port: number, namesrvAddr: string): Conf {
  return {
    brokerClusterName: 'MatrixCluster',
    flushDiskType: 'ASYNC_FLUSH',
    listenPort: port,
    haListenPort: port + 1,
    bindAddress: '127.0.0.1',
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    namesrvAddr,
    storePathRootDir: join(dir, name),
    storePathCommitLog: join(dir, name, 'commitlog'),
    deleteWhen: '04',
    fileReservedTime: 48,
    mappedFileSizeCommitLog: 1 << 20,
    autoCreateTopicEnable: true,
    slaveReadEnable: true,
    diskMaxUsedSpaceRatio: 95,
    flushConsumerOffsetInterval: 1000,
    // The default of 200 ms refuses sends when the machine is busy, which is not what is tested here.
    waitTimeMillsInSendQueue: 5000,
    haSendHeartbeatInterval: 1000,
  }
}

/** Roles as they stand in the conf file: one master, the others its slaves. */
export function classicRole(index: number): Conf {
  return { brokerId: index, brokerRole: index === 0 ? 'ASYNC_MASTER' : 'SLAVE' }
}

/** Roles by controllers. Official brokers want brokerId and role in the file all the same. */
export function controllerRole(controllerAddr: string): Conf {
  return {
    brokerId: -1,
    brokerRole: 'SLAVE',
    enableControllerMode: true,
    controllerAddr,
    allAckInSyncStateSet: true,
    syncBrokerMetadataPeriod: 1000,
    checkSyncStateSetPeriod: 1000,
    syncControllerMetadataPeriod: 1000,
    controllerHeartBeatTimeoutMills: 5000,
  }
}

/** A quorum of one: its keys in controller.conf, and in namesrv.conf when it is embedded. */
export function controllerConf(port: number, storePath: string): Conf {
  return {
    controllerDLegerGroup: 'group1',
    controllerDLegerPeers: `n0-127.0.0.1:${port}`,
    controllerDLegerSelfId: 'n0',
    controllerStorePath: storePath,
  }
}

export function namesrvConf(dir: string, name: string, port: number): Conf {
  return {
    listenPort: port,
    bindAddress: '127.0.0.1',
    kvConfigPath: join(dir, name, 'kvConfig.json'),
    configStorePath: join(dir, name, 'namesrv.properties'),
  }
}
