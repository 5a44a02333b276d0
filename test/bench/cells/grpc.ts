import type { Cluster } from '../../compat/cluster.ts'
import { createGroup } from '../../compat/remoting.ts'
import { type Engine, freePortBlock } from '../../compat/server.ts'
import { type Bench, BOTH, type CellGroup } from '../bench.ts'
import { loadProxy, masterOf, runLoad } from '../load-run.ts'

/*
 * Local mode: broker and proxy in one process, `mqbroker --enable-proxy` and Apache's `mqproxy -pm local`. What is measured
 * is that process. Apache's proxy takes plain connections, too, and both are loaded by the same programs.
 */

const TOPIC = 'GrpcReceive'
const GROUP = 'lean_grpc_consumer'
const IN_FLIGHT = [16, 64] as const
/** More than the engine gives out while it is measured. */
const MESSAGES_PER_SECOND: Record<Engine, number> = { gantry: 30_000, apache: 10_000 }

/**
 * Java's compiler takes so many sends until a message costs what it will cost from then on: after 20 s on a busy machine one
 * still cost four times as much as a minute later.
 */
const WARM_UP_MESSAGES = 120_000
const WARM_UP_SECONDS_MAX = 100

export const grpc: CellGroup = {
  cells: {
    'grpc-send-16':
      'lean gRPC producer, 1 connection without TLS, 16 in flight, 1 KiB bodies, 8 queues; proxy in local mode',
    'grpc-send-64': 'the same with 64 in flight',
    'grpc-receive-ack':
      'lean gRPC consumer, 4 receives of 32 messages of 1 KiB in flight, each message acknowledged by itself',
  },
  run: (bench) =>
    bench.withClusters('a master with a proxy', enginesOf(bench), { prepare: addProxy }, async (contenders) => {
      const { smoke, seconds } = bench.settings
      const warmUp = smoke ? { seconds: 1 } : { seconds: WARM_UP_SECONDS_MAX, messages: WARM_UP_MESSAGES }
      for (const cluster of contenders.values()) {
        await cluster.createTopics(['GrpcSend'], 8)
        await loadProxy(cluster, 'lean-grpc-producer', { topic: 'GrpcSend', 'warm-up': 0, ...warmUp })
      }
      for (const inFlight of IN_FLIGHT) {
        const options = { topic: 'GrpcSend', 'in-flight': inFlight, 'warm-up': smoke ? 0.5 : 1, seconds }
        await bench.rounds(`grpc-send-${inFlight}`, contenders, (cluster) => {
          return loadProxy(cluster, 'lean-grpc-producer', options)
        })
      }
      await receives(bench, contenders)
    }),
}

/** A broker and a proxy in one JVM take a minute to start on a busy machine: a smoke run looks at the rest. */
const enginesOf = (bench: Bench): readonly Engine[] => (bench.settings.smoke ? ['gantry'] : BOTH)

async function receives(bench: Bench, contenders: ReadonlyMap<Engine, Cluster>): Promise<void> {
  const { smoke, seconds } = bench.settings
  const warmUp = smoke ? 0.5 : 8
  let round = 0
  await bench.rounds('grpc-receive-ack', contenders, async (cluster, engine) => {
    const topic = `${TOPIC}${round++}`
    await cluster.createTopics([topic], 8)
    await createGroup(masterOf(cluster).address, GROUP)
    const messages = Math.ceil(MESSAGES_PER_SECOND[engine] * (seconds + warmUp))
    await runLoad('lean-producer', { port: masterOf(cluster).port, topic, 'warm-up': 0, seconds: 120, messages })
    return loadProxy(cluster, 'lean-grpc-consumer', { topic, 'warm-up': warmUp, seconds })
  })
}

async function addProxy(cluster: Cluster): Promise<void> {
  const master = masterOf(cluster)
  const port = await freePortBlock()
  master.proxy = {
    rocketMQClusterName: master.conf['brokerClusterName']!,
    namesrvAddr: cluster.namesrv.address,
    grpcServerPort: port,
    remotingListenPort: port + 1,
    ...(master.engine === 'gantry' ? { bindAddress: '127.0.0.1' } : { remotingAccessAddr: '127.0.0.1' }),
  }
}
