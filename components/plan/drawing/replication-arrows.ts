import type { Plan } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import type { Box } from './drawing-layout.ts'

interface Point {
  readonly x: number
  readonly y: number
}

const tipLength = 10
const tipWidth = 5
/** How far an arrow that passes over a box between its ends bends downwards. */
const bend = 26

const round = (value: number): number => Math.round(value * 10) / 10
const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`

/** A triangle whose point is at `end`, coming from `from`. */
const tip = (from: Point, end: Point): string => {
  const length = Math.hypot(end.x - from.x, end.y - from.y)
  const along = { x: (end.x - from.x) / length, y: (end.y - from.y) / length }
  const back = { x: end.x - along.x * tipLength, y: end.y - along.y * tipLength }
  const left = { x: back.x - along.y * tipWidth, y: back.y + along.x * tipWidth }
  const right = { x: back.x + along.y * tipWidth, y: back.y - along.x * tipWidth }
  return `<path class="tip" d="M${at(end)} L${at(left)} L${at(right)} Z"/>`
}

const middle = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 })

/** Where the line to another box leaves this one. */
const edge = (box: Box, towards: Point): Point => {
  const centre = middle(box)
  const dx = towards.x - centre.x
  const dy = towards.y - centre.y
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : box.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : box.height / 2 / Math.abs(dy),
  )
  return { x: centre.x + dx * scale, y: centre.y + dy * scale }
}

const straight = (from: Box, to: Box, bothWays: boolean): string => {
  const start = edge(from, middle(to))
  const end = edge(to, middle(from))
  const tips = bothWays ? `${tip(end, start)}${tip(start, end)}` : tip(start, end)
  return `<path class="copies" d="M${at(start)} L${at(end)}"/>${tips}`
}

/** Below the boxes that lie between. */
const bent = (from: Box, to: Box, bothWays: boolean): string => {
  const start = { x: middle(from).x, y: from.y + from.height }
  const end = { x: middle(to).x, y: to.y + to.height }
  const control = { x: (start.x + end.x) / 2, y: Math.max(start.y, end.y) + bend }
  const tips = bothWays ? `${tip(control, start)}${tip(control, end)}` : tip(control, end)
  return `<path class="copies" d="M${at(start)} Q${at(control)} ${at(end)}"/>${tips}`
}

/** Whether another box lies between the two. */
const isObstructed = (from: Box, to: Box, boxes: Iterable<Box>): boolean => {
  if (from.y !== to.y) return false
  const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)]
  return [...boxes].some((box) => box.y === from.y && box.x > left && box.x < right)
}

/**
 * How the brokers of a group copy: from the master to each slave; where the master is elected, between each replica and the
 * next, both ways, for it may be any.
 */
export const replicationArrows = ({ nodes }: Plan, boxes: ReadonlyMap<string, Box>): string[] => {
  const groups = new Map<string, BrokerNode[]>()
  for (const node of nodes) {
    if (node.kind === 'broker') groups.set(node.group, [...(groups.get(node.group) ?? []), node])
  }
  return [...groups.values()].flatMap((group) => {
    const inOrder = group.toSorted((a, b) => a.replica - b.replica)
    return inOrder.slice(1).flatMap((node, index) => {
      const isElected = node.role === 'REPLICA'
      const from = boxes.get((isElected ? inOrder[index] : inOrder[0])?.id ?? '')
      const to = boxes.get(node.id)
      if (from === undefined || to === undefined) return []
      const draw = isObstructed(from, to, boxes.values()) ? bent : straight
      return [draw(from, to, isElected)]
    })
  })
}
