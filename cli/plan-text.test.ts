import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { planCluster } from '../components/plan/plan.ts'
import { parseClusterConfig } from '../components/plan/schema/parse-cluster-config.ts'
import { renderPlan } from './plan-text.ts'

it('shows nodes, start order, topics, groups and conf files', () => {
  const config = parseClusterConfig({
    groups: [{ name: 'broker-a' }],
    topics: [{ name: 'orders', queues: { 'broker-a': 3 }, order: true }],
    consumerGroups: [{ name: 'billing', orderly: true }],
  })
  const text = renderPlan(planCluster(config, { localDataDir: '/data' }))
    .map(stripVTControlCharacters)
    .join('\n')
  expect(text).toBe(`Cluster DefaultCluster, NAMESRV_ADDR=127.0.0.1:9876

Nodes
NODE        ROLE          HOST   ADDRESS          PORTS              FOLDER
namesrv-0   NAMESRV       local  127.0.0.1:9876   9876               /data/namesrv-0
broker-a-0  ASYNC_MASTER  local  127.0.0.1:10911  10909 10911 10912  /data/broker-a-0

Start order (reverse to stop)
  1. namesrv-0
  2. broker-a-0

Topics
  orders  queues broker-a: 3  perm 6  ordered

Consumer groups
  billing  orderly

Conf files
  /data/namesrv-0/namesrv.conf
    # namesrv.conf of namesrv-0, rendered by gantry: change the stack config instead
    listenPort=9876
    bindAddress=127.0.0.1
    kvConfigPath=/data/namesrv-0/kvConfig.json
    configStorePath=/data/namesrv-0/namesrv.properties
  /data/broker-a-0/broker.conf
    # broker.conf of broker-a-0, rendered by gantry: change the stack config instead
    brokerClusterName=DefaultCluster
    brokerName=broker-a
    brokerId=0
    brokerRole=ASYNC_MASTER
    flushDiskType=ASYNC_FLUSH
    namesrvAddr=127.0.0.1:9876
    listenPort=10911
    bindAddress=127.0.0.1
    brokerIP1=127.0.0.1
    brokerIP2=127.0.0.1
    storePathRootDir=/data/broker-a-0/store
    deleteWhen=04
    fileReservedTime=48`)
})
