import fc from 'fast-check'
import { expect, it } from 'vitest'
import { arbitraryConfig } from './arbitrary-config.ts'
import { placeInTurn, placeReplicas } from './placement.ts'
import { parseClusterConfig } from './schema/parse-cluster-config.ts'

const countBy = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

it('puts replicas of a group on different hosts, and evenly when there are too few', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const config = parseClusterConfig(input)
      const placements = placeReplicas(config)
      for (const group of config.groups) {
        const replicas = placements.filter((placement) => placement.group === group.name)
        const perHost = [...countBy(replicas.map((replica) => replica.host)).values()]
        expect(replicas.map((replica) => replica.replica)).toEqual([...Array(group.replicas).keys()])
        expect(Math.max(...perHost)).toBe(Math.ceil(group.replicas / config.hosts.length))
      }
    }),
  )
})

it('spreads masters evenly: no host has two more than another', () => {
  fc.assert(
    fc.property(arbitraryConfig, (input) => {
      const config = parseClusterConfig(input)
      const masters = placeReplicas(config).filter((placement) => placement.replica === 0)
      const counts = countBy(masters.map((master) => master.host))
      const perHost = config.hosts.map((host) => counts.get(host.name) ?? 0)
      expect(Math.max(...perHost) - Math.min(...perHost)).toBeLessThanOrEqual(1)
    }),
  )
})

it('spreads slaves too when all groups are alike', () => {
  const config = parseClusterConfig({
    hosts: ['a', 'b', 'c'].map((name, index) => ({ name, address: `10.0.0.${index}` })),
    groups: [0, 1, 2].map((index) => ({ name: `g${index}`, replicas: 3 })),
  })
  const brokers = countBy(placeReplicas(config).map((placement) => placement.host))
  expect([...brokers]).toEqual([
    ['a', 3],
    ['b', 3],
    ['c', 3],
  ])
})

it('follows pinned hosts and spreads the other groups around them', () => {
  const config = parseClusterConfig({
    hosts: ['a', 'b'].map((name, index) => ({ name, address: `10.0.0.${index}` })),
    groups: [
      { name: 'pinned', replicas: 2, hosts: ['b', 'a'] },
      { name: 'free', replicas: 2 },
    ],
  })
  expect(placeReplicas(config)).toEqual([
    { group: 'pinned', replica: 0, host: 'b' },
    { group: 'pinned', replica: 1, host: 'a' },
    { group: 'free', replica: 0, host: 'a' },
    { group: 'free', replica: 1, host: 'b' },
  ])
})

it('takes hosts in turn for NameServers, or those named', () => {
  const hosts = ['a', 'b'].map((name, index) => ({ name, address: `10.0.0.${index}` }))
  expect(placeInTurn(3, hosts)).toEqual(['a', 'b', 'a'])
  expect(placeInTurn(['b'], hosts)).toEqual(['b'])
})

it('spreads replicas over zones before it fills one, and single nodes zone by zone', () => {
  const zoned = ['a1', 'a2', 'b1', 'b2', 'c1'].map((name, index) => ({
    name,
    address: `10.0.0.${index + 1}`,
    zone: name.slice(0, 1),
  }))
  const config = parseClusterConfig({ hosts: zoned, groups: ['g', 'h'].map((name) => ({ name, replicas: 3 })) })
  const zones = (group: string) =>
    placeReplicas(config)
      .filter((placement) => placement.group === group)
      .map(({ host }) => host.slice(0, 1))
  expect(zones('g').toSorted()).toEqual(['a', 'b', 'c'])
  expect(zones('h').toSorted()).toEqual(['a', 'b', 'c'])
  expect(placeInTurn(4, config.hosts)).toEqual(['a1', 'b1', 'c1', 'a2'])
})
