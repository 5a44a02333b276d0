import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { contains, parseAddress } from './cidr.ts'
import { seatNodes } from './node-seats.ts'
import { planSubnets } from './subnets.ts'

const zoneNames = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `eu-central-1${letter}`)

interface Shape {
  readonly zones: number
  readonly nameServers: number
  readonly controllers: number
  readonly proxies: number
  readonly replicas: readonly number[]
}

const shape: fc.Arbitrary<Shape> = fc.record({
  zones: fc.integer({ min: 1, max: 6 }),
  nameServers: fc.integer({ min: 1, max: 9 }),
  controllers: fc.integer({ min: 1, max: 9 }),
  proxies: fc.integer({ min: 1, max: 64 }),
  replicas: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
})

function seatsOf({ zones, nameServers, controllers, proxies, replicas }: Shape) {
  const network = { cidr: '10.60.0.0/16', zones: zoneNames.slice(0, zones) }
  // Planned only: what the seats look like is the same before they are turned into hosts.
  const groups = replicas.map((count, index) => ({ name: `broker-${index}`, replicas: count }))
  const others = {
    nameServers,
    controllers: { mode: 'standalone', replicas: controllers },
    proxies: { replicas: proxies },
  }
  const config = parseClusterConfig({ groups, ...others }, { toRun: false })
  const subnets = planSubnets({ ...network, subnetPrefix: 22, ssmEndpoints: true })
  const { seats, faults } = seatNodes(config, subnets)
  expect(faults).toEqual([])
  return { seats, subnets }
}

const byId = (seats: ReturnType<typeof seatsOf>['seats']) => new Map(seats.map((seat) => [seat.id, seat]))

describe('seats of nodes', () => {
  it('every node has an address of its own in the subnet of its zone, and none that AWS keeps', () => {
    fc.assert(
      fc.property(shape, (given) => {
        const { seats, subnets } = seatsOf(given)
        expect(new Set(seats.map(({ address }) => address)).size).toBe(seats.length)
        for (const { zone, address } of seats) {
          const subnet = subnets.find((each) => each.zone === zone)
          const offset = (parseAddress(address) ?? 0) - (subnet?.cidr.base ?? 0)
          expect(subnet !== undefined && contains(subnet.cidr, subnet.cidr.base + offset)).toBe(true)
          expect(offset).toBeGreaterThan(3)
          expect(offset).toBeLessThan(1023)
        }
      }),
    )
  })

  it('nodes that are added move none that are there', () => {
    fc.assert(
      fc.property(shape, shape, (before, more) => {
        const after = {
          zones: before.zones,
          nameServers: Math.max(before.nameServers, more.nameServers),
          controllers: Math.max(before.controllers, more.controllers),
          proxies: Math.max(before.proxies, more.proxies),
          replicas: [
            ...before.replicas.map((count, index) => Math.max(count, more.replicas[index] ?? 0)),
            ...more.replicas,
          ],
        }
        const moved = byId(seatsOf(after).seats)
        for (const seat of seatsOf(before).seats) expect(moved.get(seat.id)).toEqual(seat)
      }),
    )
  })

  it('each kind is spread: zones differ by one node at most, so that with three of them none holds a majority', () => {
    fc.assert(
      fc.property(shape, (given) => {
        const { seats } = seatsOf(given)
        const parts = new Map<string, Map<string, number>>()
        for (const { id, zone } of seats) {
          const part = id.replace(/-\d+$/, '')
          const counts = parts.get(part) ?? new Map<string, number>()
          parts.set(part, counts.set(zone, (counts.get(zone) ?? 0) + 1))
        }
        for (const counts of parts.values()) {
          const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
          const most = Math.max(...counts.values())
          expect(most).toBe(Math.ceil(total / given.zones))
          if (given.zones >= 3 && total >= 3) expect(most).toBeLessThan(Math.floor(total / 2) + 1)
        }
      }),
    )
  })

  it('first replicas go to the zones in turn, group after group', () => {
    const { seats } = seatsOf({ zones: 3, nameServers: 1, controllers: 1, proxies: 1, replicas: [3, 3, 3] })
    const first = seats.filter(({ id }) => /^broker-\d-0$/.test(id))
    expect(first.map(({ zone, address }) => `${zone} ${address}`)).toEqual([
      'eu-central-1a 10.60.0.128',
      'eu-central-1b 10.60.4.144',
      'eu-central-1c 10.60.8.160',
    ])
  })
})
