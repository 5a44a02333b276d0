import { styleText } from 'node:util'
import type { NodeView } from '../components/platform/process/cluster-view.ts'
import { type Column, renderTable } from './text-table.ts'

const columns: readonly Column[] = [
  { title: 'CLUSTER' },
  { title: 'GROUP' },
  { title: 'ID', align: 'right' },
  { title: 'ROLE' },
  { title: 'ADDRESS' },
  { title: 'PID', align: 'right' },
  { title: 'IN TPS', align: 'right' },
  { title: 'OUT TPS', align: 'right' },
  { title: 'LAG', align: 'right' },
  { title: 'STATE' },
]

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `0 B`, `1.5 KiB`, `12 GiB`: two digits at least, one decimal below ten. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1
  return `${value.toFixed(digits)} ${byteUnits[unit]}`
}

const unknown = '-'
const orUnknown = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? unknown : format(value)

function stateOf(node: NodeView): string {
  const restarts = node.restarts === 0 ? '' : `, ${node.restarts} ${node.restarts === 1 ? 'restart' : 'restarts'}`
  return `${node.phase}${restarts}`
}

function cells(node: NodeView): string[] {
  return [
    node.cluster,
    node.group ?? unknown,
    orUnknown(node.brokerId, String),
    node.role,
    node.address,
    orUnknown(node.pid, String),
    orUnknown(node.inTps, (tps) => tps.toFixed(1)),
    orUnknown(node.outTps, (tps) => tps.toFixed(1)),
    orUnknown(node.lagBytes, formatBytes),
    stateOf(node),
  ]
}

/** A broker that has no id at the moment stands behind those that have one. */
const rankOf = ({ brokerId = Number.MAX_SAFE_INTEGER }: NodeView): number => brokerId

/** NameServers first, then each group together with its master ahead. */
function inReadingOrder(nodes: readonly NodeView[]): NodeView[] {
  const groups = [...new Set(nodes.map((node) => node.group))]
  return nodes.toSorted((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || rankOf(a) - rankOf(b))
}

/** The cluster as a table, in colour where the terminal shows it; troubled nodes with their reason below. */
export function renderCluster(nodes: readonly NodeView[]): string[] {
  const ordered = inReadingOrder(nodes)
  const [titles = '', ...rows] = renderTable(columns, ordered.map(cells))
  const lines = rows.map((row, index) => (ordered[index]?.phase === 'healthy' ? row : styleText('yellow', row)))
  const troubles = ordered.flatMap((node) =>
    node.trouble === undefined ? [] : [styleText('yellow', `${node.node}: ${node.trouble}`)],
  )
  return [styleText('bold', titles), ...lines, ...troubles]
}

/** What a client needs to connect. */
export function renderClientHint(namesrvAddr: string): string[] {
  // A semicolon ends a command in a shell, so a list needs the quotes.
  return [styleText('green', `NAMESRV_ADDR=${namesrvAddr}`), `export NAMESRV_ADDR='${namesrvAddr}'`]
}
