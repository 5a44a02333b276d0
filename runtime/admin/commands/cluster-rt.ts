import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { Sender } from '../sender.ts'
import { heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'clusterRT',
  summary: 'List All clusters Message Send RT.',
  options: [
    value('a', 'amount', 'message amount | default 100'),
    value('s', 'size', 'message size | default 128 Byte'),
    value('c', 'cluster', 'cluster name | default display all cluster'),
    value('p', 'print log', 'print as tlog | default false'),
    value('m', 'machine room', 'machine room name | default noname'),
    value('i', 'interval', 'print interval | default 10 seconds'),
  ],
  async run(context) {
    const { client, options, clock, print } = context
    const amount = options.integer('a') ?? 100
    const intervalMs = (options.integer('i') ?? 10) * 1000
    const asLog = options.boolean('p') === true
    const room = options.text('m') ?? 'noname'
    const wanted = options.text('c')
    if (amount < 2 || intervalMs < 1000) throw new AdminError('clusterRT: give -a at least 2 and -i at least 1')
    if (!asLog)
      print(
        heading(
          '%-24s  %-24s  %-4s  %-8s  %-8s%n',
          '#Cluster Name',
          '#Broker Name',
          '#RT',
          '#successCount',
          '#failCount',
        ),
      )
    const sender = new Sender(context, 'CLUSTER_RT')
    const body = Buffer.alloc(options.integer('s') ?? 128, 'a')
    const clusters = wanted === undefined ? [...(await client.clusterInfo()).clusters.keys()] : [wanted]
    for (;;) {
      for (const cluster of clusters) {
        for (const { brokerName } of await client.brokerGroups(cluster)) {
          const { rtMs, failures } = await measure(context, sender, brokerName, body, amount)
          if (asLog) print(`${beijingTime(clock.now())}|${room}|${cluster}|${brokerName}|${Math.round(rtMs)}\n`)
          else print(row(FORMAT, cluster, brokerName, row('%.2f', rtMs), amount - failures, failures))
        }
      }
      await new Promise<void>((resolve) => clock.after(intervalMs, resolve))
    }
  },
}

const FORMAT = '%-24s  %-24s  %-8s  %-16s  %-16s%n'

/** Sends to the topic that every broker has under its own name. The first send, which opens the connection, is not timed. */
async function measure(
  { clock, fail }: CommandContext,
  sender: Sender,
  topic: string,
  body: Buffer,
  amount: number,
): Promise<{ rtMs: number; failures: number }> {
  let totalMs = 0
  let failures = 0
  for (let i = 0; i < amount; i++) {
    const startedMs = clock.monotonic()
    try {
      await sender.send({ topic, body })
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      if (failures++ === 0) fail(error)
    }
    if (i !== 0) totalMs += clock.monotonic() - startedMs
  }
  return { rtMs: totalMs / (amount - 1), failures }
}

const BEIJING_MS = 8 * 3_600_000

/** The official log line is written in this zone wherever it runs. */
function beijingTime(nowMs: number): string {
  return new Date(nowMs + BEIJING_MS).toISOString().slice(0, 19).replace('T', ' ')
}
