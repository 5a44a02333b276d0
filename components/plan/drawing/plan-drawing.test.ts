import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryConfig } from '../arbitrary-config.ts'
import { planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { topologies, topologyDrawing, topologyFolder } from '../testing/topology-drawings.ts'
import { type Box, layOut } from './drawing-layout.ts'
import { escapeXml, fitText } from './drawing-text.ts'
import { drawPlan } from './plan-drawing.ts'

const options = { localDataDir: '/data' }
const drawn = (input: ClusterConfigInput) => {
  const config = parseClusterConfig(input)
  const plan = planCluster(config, options)
  return { config, plan, svg: drawPlan(plan, config), layout: layOut(plan, config) }
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
const contains = (outer: Box, inner: Box): boolean =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

describe('the drawings in docs/topologies', () => {
  it.each(topologies)('%s is what the planner makes of it now (npm run docs)', (stack) => {
    expect(topologyDrawing(stack)).toBe(readFileSync(new URL(`${stack}.svg`, topologyFolder), 'utf8'))
  })

  it.each(topologies)('%s has a page that shows it', (stack) => {
    expect(readFileSync(new URL(`${stack}.md`, topologyFolder), 'utf8')).toContain(`](${stack}.svg)`)
  })
})

it('gives every node a box inside its place, and no two the same room', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const { plan, layout } = drawn(input)
      const boxes = plan.nodes.map(({ id }) => layout.boxes.get(id)!)
      expect(boxes).not.toContain(undefined)
      for (const [index, box] of boxes.entries()) {
        expect(layout.places.filter((place) => contains(place, box))).toHaveLength(1)
        expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([])
      }
    }),
    { numRuns: 60 },
  )
})

it('has an arrow for every copy, and opens no element that it does not close', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const { plan, svg } = drawn(input)
      const copies = plan.nodes.filter((node) => node.kind === 'broker' && node.replica > 0).length
      const inLegend = copies > 0 ? 1 : 0
      expect(svg.match(/<path class="copies"/g)?.length ?? 0).toBe(copies + inLegend)
      const open: string[] = []
      for (const [, closing, name = '', empty] of svg.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
        if (closing === '/') expect(open.pop()).toBe(name)
        else if (empty !== '/') open.push(name)
      }
      expect(open).toEqual([])
    }),
    { numRuns: 60 },
  )
})

it('says which NameServers hold a controller, what runs on Apache, and what a group promises', () => {
  const { svg } = drawn({
    nameServers: 3,
    controllers: { mode: 'embedded', replicas: 1 },
    groups: [{ name: 'broker-a', replicas: 3, replication: 'sync' }],
  })
  expect(svg.match(/and controller/g)).toHaveLength(1)
  expect(svg).toContain('>controllers: 1 of 1 decide<')
  expect(svg).toContain('>sends need 2 in sync<')
  const apache = drawn({
    engine: 'apache',
    groups: [{ name: 'broker-a' }],
    platform: { process: { apacheHome: '/a' } },
  })
  expect(apache.svg.match(/ Apache</g)).toHaveLength(2)
  expect(apache.svg).toContain('>one copy<')
})

it('draws a master that has a box of another replica in between below it', () => {
  const hosts = [1, 2, 3].map((index) => ({ name: `host-${index}`, address: `10.0.0.${index}` }))
  const { svg } = drawn({ hosts, groups: [{ name: 'broker-a', replicas: 3 }] })
  expect(svg.match(/<path class="copies" d="M[\d. ]+ Q/g)).toHaveLength(1)
})

it('writes texts so that they are texts, and shortens what is too long', () => {
  expect(escapeXml('<a> & "b"')).toBe('&lt;a&gt; &amp; &quot;b&quot;')
  expect(fitText('broker-a-0', 160, 14)).toBe('broker-a-0')
  expect(fitText('a-very-long-name-of-a-group-0', 100, 14)).toBe('a-very-long…')
})
