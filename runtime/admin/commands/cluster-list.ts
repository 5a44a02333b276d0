import type { ClusterInfo } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, flag, value } from '../command.ts'
import { fetchRuntimeStats } from '../metadata.ts'
import { heading, row } from '../table.ts'
import { repeatEvery } from '../targets.ts'

export const command: AdminCommand = {
  name: 'clusterList',
  summary: 'List cluster infos.',
  options: [
    flag('m', 'moreStats', 'Print more stats'),
    value('i', 'interval', 'specify intervals numbers, it is in seconds'),
    value('c', 'clusterName', 'which cluster'),
  ],
  run: (context) =>
    repeatEvery(context, 1000, async () => {
      const isMore = context.options.has('m')
      context.print(isMore ? heading(MORE, ...MORE_TITLES) : row(BASE_TITLES, ...TITLES))
      const info = await context.client.clusterInfo()
      for (const cluster of clustersOf(context, info)) {
        for (const broker of (info.clusters.get(cluster) ?? []).map((name) => info.brokers.get(name))) {
          const addresses = [...(broker?.brokerAddrs ?? [])].sort(([a], [b]) => a - b)
          for (const [brokerId, address] of addresses) {
            const place = { cluster, brokerName: broker?.brokerName ?? '', brokerId, address }
            const stats = await statsOf(context, address)
            context.print(isMore ? moreLine(place, stats) : baseLine(place, stats, context.clock.now()))
          }
        }
      }
    }),
}

const MORE = '%-16s  %-32s %14d %14d %14d %14d%n'
const MORE_TITLES = [
  '#Cluster Name',
  '#Broker Name',
  '#InTotalYest',
  '#OutTotalYest',
  '#InTotalToday',
  '#OutTotalToday',
]
const BASE_TITLES = '%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  %-11s  %-12s  %-8s  %-10s%n'
const BASE = '%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  %11s  %-12s  %-8s  %10s%n'
const TITLES = [
  '#Cluster Name',
  '#Broker Name',
  '#BID',
  '#Addr',
  '#Version',
  '#InTPS(LOAD)',
  '#OutTPS(LOAD)',
  '#Timer(Progress)',
  '#PCWait(ms)',
  '#Hour',
  '#SPACE',
  '#ACTIVATED',
]

interface Place {
  readonly cluster: string
  readonly brokerName: string
  readonly brokerId: number
  readonly address: string
}

type Stats = ReadonlyMap<string, string>

function clustersOf({ client, options }: CommandContext, { clusters }: ClusterInfo): readonly string[] {
  const wanted = options.text('c')
  if (wanted === undefined) return [...clusters.keys()]
  if (clusters.has(wanted)) return [wanted]
  throw new AdminError(`cluster ${wanted} is unknown to the name servers ${client.nameServers.join(';')}`)
}

/** A broker that does not answer is reported; its line shows what the name server knows. */
async function statsOf(context: CommandContext, address: string): Promise<Stats> {
  try {
    return await fetchRuntimeStats(context.client, address)
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    context.fail(error)
    return new Map()
  }
}

function moreLine({ cluster, brokerName }: Place, stats: Stats): string {
  const number = (name: string) => Number(stats.get(name) ?? 0)
  const yesterday = (what: string) => number(`msg${what}TotalTodayMorning`) - number(`msg${what}TotalYesterdayMorning`)
  const today = (what: string) => number(`msg${what}TotalTodayNow`) - number(`msg${what}TotalTodayMorning`)
  return row(MORE, cluster, brokerName, yesterday('Put'), yesterday('Get'), today('Put'), today('Get'))
}

function baseLine({ cluster, brokerName, brokerId, address }: Place, stats: Stats, nowMs: number): string {
  const text = (name: string) => stats.get(name) ?? ''
  const ack = (name: string) => stats.get(name) ?? (stats.size === 0 ? '' : 'N')
  const pool = (name: string) =>
    `${text(`${name}ThreadPoolQueueSize`)},${text(`${name}ThreadPoolQueueHeadWaitTimeMills`)}ms`
  const acks = `${ack('ackThreadPoolQueueSize')},${ack('ackThreadPoolQueueHeadWaitTimeMills')}ms`
  const earliest = text('earliestMessageTimeStamp')
  // An empty store says -1, which the official tool takes for a time in 1970.
  const hours = Number(earliest) > 0 ? (nowMs - Number(earliest)) / 3_600_000 : 0
  return row(
    BASE,
    cluster,
    brokerName,
    brokerId,
    address,
    text('brokerVersionDesc'),
    row('%9.2f(%s)', firstNumber(text('putTps')), pool('send')),
    row('%9.2f(%s|%s)', firstNumber(text('getTransferredTps')), pool('pull'), acks),
    timerProgress(stats),
    text('pageCacheLockTimeMills'),
    row('%.2f', hours),
    row('%.4f', Number(text('commitLogDiskRatio') || 0)),
    text('brokerActive').toLowerCase() === 'true',
  )
}

function timerProgress(stats: Stats): string {
  const number = (name: string) => Number(stats.get(name) ?? 0)
  const rates = row(
    '%.1fw, %.1f, %.1f',
    number('timerCongestNum') / 10_000,
    number('timerEnqueueTps'),
    number('timerDequeueTps'),
  )
  return `${number('timerReadBehind')}-${number('timerOffsetBehind')}(${rates})`
}

/** Rates come as "10s 60s 600s". */
function firstNumber(text: string): number {
  return Number(text.split(' ')[0] || 0)
}
