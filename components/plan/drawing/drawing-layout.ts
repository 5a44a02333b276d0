import { isLoopback } from '../address.ts'
import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { platformKind } from '../schema/platform-config.ts'

/*
 * Where everything stands, in pixels: a column for each place that fails as one, a row for the NameServers, the controllers,
 * each broker group and the proxies.
 *
 *              | clients: who asks the NameServers                       |
 *              | place                    | place                        |
 *   NameServers| [namesrv-0]              | [namesrv-1]                  |
 *   broker-a   | [broker-a-0]             | [broker-a-1]                 |
 */

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A machine, or on AWS a zone. */
interface Place {
  readonly name: string
  readonly note: string
  readonly has: (node: PlanNode) => boolean
}

export interface DrawnRow {
  readonly title: string
  readonly nodes: readonly PlanNode[]
  /** Top of its first line of boxes. */
  readonly y: number
}

export interface DrawingLayout {
  readonly width: number
  /** Bottom of the places. */
  readonly bottom: number
  readonly clients: Box
  readonly places: readonly (Box & Pick<Place, 'name' | 'note'>)[]
  readonly rows: readonly DrawnRow[]
  /** By id of the node. */
  readonly boxes: ReadonlyMap<string, Box>
}

export const margin = 16
export const boxWidth = 164
const boxHeight = 58
const gapX = 46
const gapY = 20
const rowGap = 30
const labelWidth = 178
const placePadding = 20
const placeHead = 46
const clientsHeight = 44
const clientsY = 56
const placesY = clientsY + clientsHeight + 44
/** Boxes of a row side by side in one place; more begin a new line. */
const perLine = 3

const namedPlaces = ({ hosts, platform }: ClusterConfig): Place[] => {
  const [only] = hosts
  if (hosts.length === 1 && only !== undefined) {
    const name = isLoopback(only.address)
      ? 'this machine'
      : platformKind(platform) === 'docker'
        ? 'one Docker host'
        : only.name
    return [{ name, note: only.address, has: () => true }]
  }
  return hosts.map(({ name, address, zone }) => ({
    name,
    note: zone === undefined ? address : `${address}, ${zone}`,
    has: (node) => node.host === name,
  }))
}

const zonePlaces = ({ hosts }: ClusterConfig): Place[] => {
  const zoneOf = new Map(hosts.map(({ name, zone }) => [name, zone ?? name]))
  return [...new Set(zoneOf.values())].sort().map((zone) => ({
    name: zone,
    note: 'availability zone',
    has: (node) => zoneOf.get(node.host) === zone,
  }))
}

const placesOf = (config: ClusterConfig): Place[] =>
  platformKind(config.platform) === 'aws' ? zonePlaces(config) : namedPlaces(config)

const rowsOf = ({ nodes }: Plan, { groups }: ClusterConfig): Omit<DrawnRow, 'y'>[] => {
  const ofKind = (kind: PlanNode['kind']) => nodes.filter((node) => node.kind === kind)
  const rows = [
    { title: 'NameServers', nodes: ofKind('nameServer') },
    { title: 'controllers', nodes: ofKind('controller') },
    ...groups.map(({ name }) => ({
      title: name,
      nodes: nodes.filter((node) => node.kind === 'broker' && node.group === name),
    })),
    { title: 'proxies', nodes: ofKind('proxy') },
  ]
  return rows.filter((row) => row.nodes.length > 0)
}

const linesOf = (count: number): number => Math.max(1, Math.ceil(count / perLine))
const stackHeight = (lines: number): number => lines * boxHeight + (lines - 1) * gapY

/** Places side by side, each wide enough for the row with most boxes in it. */
const placeColumns = (places: readonly Place[], rows: readonly Omit<DrawnRow, 'y'>[]) => {
  let x = margin + labelWidth
  return places.map((place) => {
    const counts = rows.map(({ nodes }) => Math.min(perLine, nodes.filter(place.has).length))
    const side = Math.max(1, ...counts)
    const width = side * boxWidth + (side - 1) * gapX + 2 * placePadding
    const column = { place, x, width }
    x += width + margin
    return column
  })
}

export const layOut = (plan: Plan, config: ClusterConfig): DrawingLayout => {
  const places = placesOf(config)
  const unplaced = rowsOf(plan, config)
  const columns = placeColumns(places, unplaced)
  const boxes = new Map<string, Box>()
  const rows: DrawnRow[] = []
  let y = placesY + placeHead
  for (const row of unplaced) {
    rows.push({ ...row, y })
    let lines = 1
    for (const { place, x, width } of columns) {
      const own = row.nodes.filter(place.has)
      lines = Math.max(lines, linesOf(own.length))
      const side = Math.min(perLine, own.length)
      const left = x + (width - side * boxWidth - (side - 1) * gapX) / 2
      for (const [index, { id }] of own.entries()) {
        boxes.set(id, {
          x: left + (index % perLine) * (boxWidth + gapX),
          y: y + Math.floor(index / perLine) * (boxHeight + gapY),
          width: boxWidth,
          height: boxHeight,
        })
      }
    }
    y += stackHeight(lines) + rowGap
  }
  const last = columns.at(-1)
  const right = (last?.x ?? 0) + (last?.width ?? 0)
  const first = columns[0]?.x ?? 0
  const bottom = y - rowGap + placePadding
  return {
    width: right + margin,
    bottom,
    clients: { x: first, y: clientsY, width: right - first, height: clientsHeight },
    places: columns.map(({ place: { name, note }, x, width }) => {
      return { name, note, x, y: placesY, width, height: bottom - placesY }
    }),
    rows,
    boxes,
  }
}
