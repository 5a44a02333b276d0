import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type BrokerConf, brokerTable, parseBrokerConf, printBrokerConf } from './broker-conf.ts'
import type { ConfKey, ConfSection, KeyTable } from './conf-key.ts'
import { type ConfTable, withDefaults } from './conf-table.ts'
import { printValue } from './conf-value.ts'
import { controllerTable } from './controller-conf.ts'
import { namesrvTable, parseNamesrvConf, printNamesrvConf } from './namesrv-conf.ts'
import { testEnv } from './test-env.ts'

function parse(text: string) {
  return parseBrokerConf(text, 'broker.conf', testEnv)
}

function confOf(text: string): BrokerConf {
  const result = parse(text)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return result.conf
}

describe('keys of Apache RocketMQ 5.5.0', () => {
  /** Captured by reflection: class, key, type of the field, type of the setter, default; - where there is none. */
  const golden = readFileSync(join(import.meta.dirname, 'golden', 'apache-5.5.0-keys.tsv'), 'utf8')
  const rows = golden
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t') as [string, string, string, string, string])
  const BROKER = [
    'BrokerConfig',
    'NettyServerConfig',
    'NettyClientConfig',
    'MessageStoreConfig',
    'AuthConfig',
    'TieredStoreConfig',
  ]
  const NAMESRV = ['NamesrvConfig', 'NettyServerConfig', 'NettyClientConfig', 'ControllerConfig', 'JraftConfig']
  const KIND: Readonly<Record<string, readonly string[]>> = {
    int: ['int'],
    long: ['long'],
    double: ['double'],
    boolean: ['boolean'],
    String: ['string', 'path', 'list', 'enum'],
  }

  function differences(table: ConfTable<KeyTable>, classes: readonly string[]): string[] {
    const found: string[] = []
    const defaults = withDefaults(table.keys, new Map(), testEnv)
    for (const [owner, name, field, setter, byDefault] of rows.filter(([it]) => classes.includes(it))) {
      const key = table.keys[name]
      if (key === undefined) {
        found.push(`${owner}.${name} is missing`)
        continue
      }
      const kinds = KIND[field === '-' ? setter : field] ?? ['enum']
      if (!kinds.includes(key.type)) found.push(`${owner}.${name} is ${field}, not ${key.type}`)
      const ours = printValue(key, defaults[name]) ?? 'null'
      if (ours !== byDefault) found.push(`${owner}.${name} = ${byDefault}, not ${ours}`)
    }
    return found
  }

  test('are all in broker.conf, with their types and defaults but for these', () => {
    expect(differences(brokerTable, BROKER)).toEqual([
      // no address and none given: an empty list
      'BrokerConfig.namesrvAddr = null, not ',
      // set by the start-up code, or by the other class that has the key
      'BrokerConfig.listenPort = 6888, not 10911',
      // known by its setter only
      'BrokerConfig.inBrokerContainer = null, not false',
      'NettyServerConfig.listenPort = 0, not 10911',
      'NettyClientConfig.scanAvailableNameSrv = null, not true',
      // filled in by their getters
      'MessageStoreConfig.storePathCommitLog = null, not /HOME/store/commitlog',
      'MessageStoreConfig.storePathEpochFile = null, not /HOME/store/epochFileCheckpoint',
      'MessageStoreConfig.storePathBrokerIdentity = null, not /HOME/store/brokerIdentity',
    ])
  })

  test('are all in namesrv.conf, with their types and defaults but for these', () => {
    expect(differences(namesrvTable, NAMESRV)).toEqual([
      'NettyServerConfig.listenPort = 0, not 9876',
      'NettyClientConfig.scanAvailableNameSrv = null, not true',
      // the name server's own key of that name goes first
      'ControllerConfig.configStorePath = /HOME/controller/controller.properties, not /HOME/namesrv/namesrv.properties',
      'ControllerConfig.controllerStorePath = , not /HOME/DLedgerController',
      'ControllerConfig.configBlackList = configBlackList;configStorePath, not configBlackList;configStorePath;kvConfigPath',
      'ControllerConfig.processReadEvent = null, not false',
    ])
  })

  test('are all in controller.conf, with their types and defaults but for these', () => {
    const classes = ['ControllerConfig', 'JraftConfig', 'NettyServerConfig', 'NettyClientConfig']
    expect(differences(controllerTable, classes)).toEqual([
      'NettyClientConfig.scanAvailableNameSrv = null, not true',
      'ControllerConfig.controllerStorePath = , not /HOME/DLedgerController',
      'ControllerConfig.processReadEvent = null, not false',
    ])
  })

  test('no further key is known but those of sample files and of earlier releases', () => {
    const known = new Set(rows.map(([, name]) => name))
    const further = [brokerTable, namesrvTable, controllerTable]
      .flatMap(({ keys }) => Object.keys(keys))
      .filter((it) => !known.has(it))
    expect(further).toEqual([
      'rmqAddressServerDomain',
      'rmqAddressServerSubGroup',
      'storePathConsumeQueue',
      'storePathIndex',
      'storeCheckpoint',
      'abortFile',
      'filterServerNums',
      'haSlaveFallbehindMax',
      'checkTransactionMessageEnable',
    ])
  })

  test('that the broker prints are printed here too', () => {
    const classes = BROKER.slice(0, 4)
    const theirs = rows.filter(
      ([owner, , field, , value]) => classes.includes(owner) && field !== '-' && value !== 'null',
    )
    const ours = new Set(
      printBrokerConf(confOf(''))
        .split('\n')
        .map((line) => line.split('=')[0]),
    )
    expect(theirs.map(([, name]) => name).filter((name) => !ours.has(name))).toEqual([])
  })
})

test.each<[string, ConfTable<KeyTable>]>([
  ['broker.conf', brokerTable],
  ['namesrv.conf', namesrvTable],
  ['controller.conf', controllerTable],
])('the sections of %s hold each key once, with a text, and live keys have an effect', (_, table) => {
  const inSections = table.sections.flatMap((section: ConfSection) => Object.keys(section.keys))
  expect(inSections.toSorted()).toEqual(Object.keys(table.keys).sort())
  const odd = Object.entries<ConfKey>(table.keys).filter(
    ([, key]) => !/^[A-Z].*\.$/.test(key.doc) || (key.live && key.status === 'accepted'),
  )
  expect(odd).toEqual([])
})

describe('the classic two-host files', () => {
  const SLAVE = [
    'brokerClusterName=DefaultCluster',
    'brokerName=broker-a',
    'brokerId=1',
    'deleteWhen=04',
    'fileReservedTime=48',
    'brokerRole=SLAVE',
    'flushDiskType=ASYNC_FLUSH',
    'namesrvAddr=192.0.2.11:9876;192.0.2.12:9876',
    'listenPort=11911',
    'storePathRootDir=~/store-s',
    'storePathCommitLog=~/store-s/commitlog',
    'storePathConsumeQueue=~/store-s/consumequeue',
    'storePathIndex=~/store-s/index',
    'storeCheckpoint=~/store-s/checkpoint',
    'abortFile=~/store-s/abort',
  ].join('\n')

  test('the slave', () => {
    const result = parse(SLAVE)
    expect(result).toMatchObject({
      ok: true,
      warnings: [],
      conf: {
        brokerClusterName: 'DefaultCluster',
        brokerName: 'broker-a',
        brokerId: 1,
        brokerRole: 'SLAVE',
        fileReservedTime: 48,
        deleteWhen: '04',
        flushDiskType: 'ASYNC_FLUSH',
        namesrvAddr: ['192.0.2.11:9876', '192.0.2.12:9876'],
        listenPort: 11911,
        haListenPort: 11912,
        storePathRootDir: '/HOME/store-s',
        storePathCommitLog: '/HOME/store-s/commitlog',
        storePathConsumeQueue: '/HOME/store-s/consumequeue',
        storePathIndex: '/HOME/store-s/index',
        storeCheckpoint: '/HOME/store-s/checkpoint',
        abortFile: '/HOME/store-s/abort',
      },
    })
  })

  test('the master, which leaves port and paths to the defaults', () => {
    expect(
      confOf(SLAVE.split('\n').slice(0, 8).join('\n').replace('SLAVE', 'ASYNC_MASTER').replace('Id=1', 'Id=0')),
    ).toMatchObject({
      brokerId: 0,
      listenPort: 10911,
      haListenPort: 10912,
      storePathRootDir: '/HOME/store',
      storePathCommitLog: '/HOME/store/commitlog',
      abortFile: '/HOME/store/abort',
    })
  })
})

describe('what follows from several keys', () => {
  test.each([
    ['', 10912],
    ['listenPort=20911', 20912],
    ['listenPort=20911\nhaListenPort=0', 20912],
    ['haListenPort=7', 7],
    ['listenPort=0', 0],
  ])('with %j a slave connects to port %d', (text, port) => {
    expect(confOf(text).haListenPort).toBe(port)
  })

  test.each([
    ['brokerRole=SLAVE', ["broker.conf: brokerRole = SLAVE needs a brokerId above 0, found 0: 0 is the master's"]],
    [
      'enableControllerMode=true\nenableDLegerCommitLog=true',
      ['broker.conf: enableControllerMode and enableDLegerCommitLog are both true: choose one'],
    ],
    ['listenPort=65535', ['broker.conf: listenPort = 65535 leaves no port above it for haListenPort']],
    [
      'namesrvAddr=a:1;b',
      ['broker.conf: namesrvAddr: "b" is not host:port; write it as in 127.0.0.1:9876;192.168.0.1:9876'],
    ],
    [
      'namesrvAddr=a:0',
      ['broker.conf: namesrvAddr: "a:0" is not host:port; write it as in 127.0.0.1:9876;192.168.0.1:9876'],
    ],
    [
      'messageDelayLevel=1s 5x',
      ['broker.conf: messageDelayLevel: "5x" is not a number and a unit (s, m, h or d), as in 10s'],
    ],
    ['deleteWhen=4am', ['broker.conf: deleteWhen: "4am" is not an hour from 00 to 23; separate several by ;']],
    [
      'storePathCommitLog=/a,/b',
      ['broker.conf: storePathCommitLog = "/a,/b": several commit log folders are not supported, name one'],
    ],
  ])('%j is refused', (text, errors) => {
    const result = parse(text)
    expect(!result.ok && result.errors).toEqual(errors)
  })

  test.each<[string, Partial<BrokerConf>, string]>([
    [
      'brokerId=3',
      { brokerId: 0 },
      'brokerId = 3 does not count: brokerRole = ASYNC_MASTER makes it a master, whose id is 0',
    ],
    [
      'diskMaxUsedSpaceRatio=98',
      { diskMaxUsedSpaceRatio: 95 },
      'diskMaxUsedSpaceRatio = 98 does not count: it is kept between 10 and 95, so 95 does',
    ],
    [
      'mappedFileSizeConsumeQueue=6001',
      { mappedFileSizeConsumeQueue: 6020 },
      'mappedFileSizeConsumeQueue = 6001 does not count: files hold whole units of 20 bytes, so 6020 does',
    ],
    [
      'mapperFileSizeBatchConsumeQueue=4601',
      { mapperFileSizeBatchConsumeQueue: 4646 },
      'mapperFileSizeBatchConsumeQueue = 4601 does not count: files hold whole units of 46 bytes, so 4646 does',
    ],
    [
      'storePathIndex=/ssd/index',
      { storePathIndex: '/HOME/store/index' },
      'storePathIndex = /ssd/index does not count: like Apache RocketMQ, the broker uses /HOME/store/index',
    ],
  ])('%j is corrected with a warning', (text, expected, warning) => {
    const result = parse(text)
    expect(result).toMatchObject({ ok: true, conf: expected, warnings: [`broker.conf: ${warning}`] })
  })

  test('in controller mode the controller gives the id', () => {
    expect(
      confOf(
        'enableControllerMode = true\nbrokerId=-1\nbrokerRole=SLAVE\ncontrollerAddr = 127.0.0.1:9877;127.0.0.1:9878',
      ),
    ).toMatchObject({
      brokerId: -1,
      controllerAddr: ['127.0.0.1:9877', '127.0.0.1:9878'],
    })
  })

  test('an IPv6 name server stands in brackets', () => {
    expect(confOf('namesrvAddr=[2001:db8::1]:9876;[fe80::1%eth0]:9876').namesrvAddr).toEqual([
      '[2001:db8::1]:9876',
      '[fe80::1%eth0]:9876',
    ])
  })
})

test('keys without effect are named in one warning', () => {
  expect(parse('transferMsgByHeap=true\nflushDiskType=SYNC_FLUSH\nwarmMapedFileEnable=true').warnings).toEqual([
    'broker.conf: known to Apache RocketMQ but without effect here: transferMsgByHeap, warmMapedFileEnable',
  ])
})

test('a printed configuration, as Apache RocketMQ saves it, reads back the same', () => {
  const conf = confOf(
    'brokerRole=SYNC_MASTER\nnamesrvAddr=a:1;b:2\nmessageDelayLevel=1s 2m\nauthenticationEnabled=true',
  )
  expect(confOf(printBrokerConf(conf))).toEqual(conf)
})

test('a name server with a controller', () => {
  const text = [
    'enableControllerInNamesrv = true',
    'controllerDLegerGroup = group1',
    'controllerDLegerPeers = n0-127.0.0.1:9877;n1-127.0.0.1:9878',
    'controllerDLegerSelfId = n0',
    'controllerStorePath = ~/DledgerController',
    'enableElectUncleanMaster = false',
    'notifyBrokerRoleChanged = true',
    'listenPort=9886',
    'bindAddress=127.0.0.1',
  ].join('\n')
  const result = parseNamesrvConf(text, 'namesrv.conf', testEnv, { configStorePath: '/etc/mq/namesrv.conf' })
  expect(result).toMatchObject({
    ok: true,
    conf: {
      listenPort: 9886,
      bindAddress: '127.0.0.1',
      configStorePath: '/etc/mq/namesrv.conf',
      controllerDLegerPeers: 'n0-127.0.0.1:9877;n1-127.0.0.1:9878',
      controllerStorePath: '/HOME/DledgerController',
    },
    warnings: ['namesrv.conf: 2 controllers go on without no more of them than 1 would: use 1, 3 or 5'],
  })
})

test('a name server prints the keys of Apache RocketMQ and of its controller what is set', () => {
  const result = parseNamesrvConf('controllerDLegerSelfId=n0', 'namesrv.conf', testEnv)
  const lines = result.ok ? printNamesrvConf(result.conf).split('\n') : []
  expect(lines.slice(0, 5)).toEqual([
    'bindAddress=0.0.0.0',
    'clientRequestThreadPoolNums=8',
    'clientRequestThreadPoolQueueCapacity=50000',
    'clusterTest=false',
    'configBlackList=configBlackList;configStorePath;kvConfigPath',
  ])
  expect(lines.filter((line) => line.startsWith('controller'))).toEqual(['controllerDLegerSelfId=n0'])
})
