import type { Plan } from '../plan.ts'
import { type PlanNode, roleName } from '../plan-node.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { type Box, boxWidth, type DrawingLayout, type DrawnRow, layOut, margin } from './drawing-layout.ts'
import { type NodeStyle, nodeStyle, nodeStyles, styleSheet } from './drawing-style.ts'
import { escapeXml, fitText, svgText } from './drawing-text.ts'
import { replicationArrows } from './replication-arrows.ts'

const radius = 6
const swatch = 14
/** Lines to NameServers go past the names of the places, not through them. */
const routesInset = 14
const legendLine = 22
const legendColumn = 330

const roundedBox = ({ x, y, width, height }: Box, className: string, rx = radius): string =>
  `<rect class="${className}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${rx}"/>`

const roleText = (node: PlanNode, { controllers }: ClusterConfig, embedded: ReadonlySet<string>): string => {
  if (node.kind === 'nameServer') return controllers !== undefined && embedded.has(node.id) ? 'and controller' : ''
  // Whether it waits for its slaves is said beside the group.
  return node.kind === 'broker' ? nodeStyle(node) : ''
}

/** NameServers with a controller in their process: those first in order. */
const embeddedIn = ({ nodes }: Plan, { controllers }: ClusterConfig): ReadonlySet<string> => {
  if (controllers?.mode !== 'embedded') return new Set()
  const { replicas } = controllers
  const nameServers = nodes.filter((node) => node.kind === 'nameServer')
  return new Set(nameServers.slice(0, typeof replicas === 'number' ? replicas : replicas.length).map(({ id }) => id))
}

const drawNode = (node: PlanNode, box: Box, role: string): string => {
  const { x, y, width } = box
  const center = x + width / 2
  const engine = node.engine === 'apache' ? ' Apache' : ''
  const details = [role, `:${node.port}${engine}`].filter((text) => text !== '').join(' ')
  return [
    `<g><title>${escapeXml(`${node.id}: ${roleName(node)} on ${node.host}, port ${node.port}`)}</title>`,
    roundedBox(box, `box ${nodeStyle(node)}`),
    svgText(center, y + 25, fitText(node.id, boxWidth - 12, 14), { size: 14, anchor: 'middle', class: 'strong' }),
    svgText(center, y + 45, fitText(details, boxWidth - 12, 12), { size: 12, anchor: 'middle', class: 'soft' }),
    '</g>',
  ].join('')
}

/** What is beside a row: what a group promises, how many controllers decide. */
const rowNotes = ({ title, nodes }: DrawnRow, plan: Plan, config: ClusterConfig): string[] => {
  const group = config.groups.find(({ name }) => name === title)
  const [first] = nodes
  if (first?.kind === 'broker' && group !== undefined) {
    const inSync = /^minInSyncReplicas=(\d+)$/m.exec(first.confFile.text)?.[1]
    const needed = plan.controllerAddr === '' || inSync === undefined ? [] : [`sends need ${inSync} in sync`]
    const copies = group.replicas > 1 ? `${group.replication} replication` : 'one copy'
    return [copies, `${group.flush} flush`, ...needed]
  }
  const controllers = plan.controllerAddr === '' ? 0 : plan.controllerAddr.split(';').length
  const decides = `${Math.floor(controllers / 2) + 1} of ${controllers} decide`
  if (first?.kind === 'controller') return [decides]
  if (first?.kind !== 'nameServer') return []
  const told = 'each knows every broker'
  return config.controllers?.mode === 'embedded' ? [told, `controllers: ${decides}`] : [told]
}

const drawRow = (row: DrawnRow, plan: Plan, config: ClusterConfig): string[] => [
  svgText(margin, row.y + 18, fitText(row.title, 170, 14), { size: 14, class: 'strong' }),
  ...rowNotes(row, plan, config).map((note, index) =>
    svgText(margin, row.y + 36 + index * 16, note, { size: 12, class: 'soft' }),
  ),
]

const drawClients = ({ clients, boxes }: DrawingLayout, { nodes, namesrvAddr }: Plan): string[] => {
  const center = clients.x + clients.width / 2
  const bottom = clients.y + clients.height
  const routes = nodes.flatMap((node) => {
    const box = node.kind === 'nameServer' ? boxes.get(node.id) : undefined
    if (box === undefined) return []
    const x = box.x + box.width - routesInset
    return [`<path class="routes" d="M${x} ${bottom} V${box.y}"/>`]
  })
  return [
    ...routes,
    roundedBox(clients, 'clients'),
    svgText(center, clients.y + 19, 'producers and consumers', { anchor: 'middle', class: 'strong' }),
    svgText(center, clients.y + 36, fitText(`NAMESRV_ADDR=${namesrvAddr}`, clients.width - 16, 12), {
      size: 12,
      anchor: 'middle',
      class: 'soft',
    }),
  ]
}

const drawPlaces = ({ places }: DrawingLayout): string[] =>
  places.flatMap((place) => [
    roundedBox(place, 'place'),
    svgText(place.x + 14, place.y + 20, fitText(place.name, boxWidth - routesInset, 14), { size: 14, class: 'strong' }),
    svgText(place.x + 14, place.y + 36, fitText(place.note, boxWidth - routesInset, 11), { size: 11, class: 'soft' }),
  ])

/** Only what the drawing has. */
const legendOf = (plan: Plan): { readonly sample: (x: number, y: number) => string; readonly text: string }[] => {
  const styles = [...new Set(plan.nodes.map(nodeStyle))]
  const ofNodes = styles.map((style: NodeStyle) => ({
    sample: (x: number, y: number) =>
      roundedBox({ x, y: y - 12, width: swatch * 1.6, height: swatch }, `box ${style}`, 3),
    text: nodeStyles[style],
  }))
  const line = (className: string) => (x: number, y: number) =>
    `<path class="${className}" d="M${x} ${y - 5} H${x + swatch * 1.6}"/>`
  const copies = plan.nodes.some((node) => node.kind === 'broker' && node.replica > 0)
  const routes = [{ sample: line('routes'), text: 'asks where a topic is, then goes to the brokers itself' }]
  return [...ofNodes, ...(copies ? [{ sample: line('copies'), text: 'copies the commit log' }] : []), ...routes]
}

const drawLegend = (plan: Plan, top: number, width: number): { readonly parts: string[]; readonly bottom: number } => {
  const entries = legendOf(plan)
  const perLine = Math.max(1, Math.floor((width - 2 * margin) / legendColumn))
  const parts = entries.map(({ sample, text }, index) => {
    const x = margin + (index % perLine) * legendColumn
    const y = top + 12 + Math.floor(index / perLine) * legendLine
    return `${sample(x, y)}${svgText(x + swatch * 1.6 + 8, y, text, { size: 12, class: 'soft' })}`
  })
  return { parts, bottom: top + Math.ceil(entries.length / perLine) * legendLine }
}

/**
 * The plan as an SVG drawing: hosts, or on AWS zones, as boxes with their nodes in them, one row for each group, arrows
 * where messages are copied. Pure: the same plan gives the same text. `config` is the checked one the plan was made of.
 */
export const drawPlan = (plan: Plan, config: ClusterConfig): string => {
  const layout = layOut(plan, config)
  const embedded = embeddedIn(plan, config)
  const legend = drawLegend(plan, layout.bottom + 20, layout.width)
  const height = legend.bottom + margin
  const nodes = plan.nodes.flatMap((node) => {
    const box = layout.boxes.get(node.id)
    return box === undefined ? [] : [drawNode(node, box, roleText(node, config, embedded))]
  })
  const title = `Cluster ${plan.cluster}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" width="${layout.width}" height="${height}" role="img" font-family="Helvetica, Arial, sans-serif">`,
    `<title>${escapeXml(`${title}: ${plan.nodes.length} nodes`)}</title>`,
    `<style>${styleSheet.join('')}.strong{font-weight:bold}</style>`,
    `<rect class="page" width="${layout.width}" height="${height}"/>`,
    svgText(margin, 32, title, { size: 18, class: 'strong' }),
    ...drawPlaces(layout),
    ...drawClients(layout, plan),
    ...layout.rows.flatMap((row) => drawRow(row, plan, config)),
    ...nodes,
    ...replicationArrows(plan, layout.boxes),
    ...legend.parts,
    '</svg>',
    '',
  ].join('\n')
}
