import { expect, it } from 'vitest'
import { type FirewallFacts, flowsOf, guardedKinds } from './firewall.ts'

const ports = {
  nameServer: 9876,
  broker: 10911,
  controller: 19876,
  proxyGrpc: 8081,
  proxyRemoting: 8080,
  brokerStep: 1000,
}
const facts = (more: Partial<FirewallFacts> = {}): FirewallFacts => ({
  ports,
  controllers: undefined,
  hasProxies: false,
  proxyPorts: [8081, 8080],
  hasBalancer: false,
  ...more,
})
const named = (given: FirewallFacts): Set<string> => new Set(flowsOf(given).flatMap(({ from, to }) => [from, to]))

it('opens nothing from or to what the cluster does not have', () => {
  expect(named(facts())).toEqual(new Set(['clients', 'operators', 'nameServer', 'broker']))
  expect(guardedKinds(facts({ hasBalancer: true }))).toEqual(['nameServer', 'broker'])
  expect(named(facts({ hasBalancer: true }))).toEqual(named(facts()))
  expect(guardedKinds(facts({ controllers: 'embedded' }))).toEqual(['nameServer', 'broker'])
})

it('lets brokers and operators reach the controllers where those run, and controllers the brokers', () => {
  for (const [controllers, home] of [
    ['embedded', 'nameServer'],
    ['standalone', 'controller'],
  ] as const) {
    const own = flowsOf(facts({ controllers })).filter(({ to, port }) => to === home && port === 19876)
    expect(own.map(({ from }) => from)).toEqual(['broker', 'operators', home])
    const back = flowsOf(facts({ controllers })).filter(({ from, to }) => from === home && to === 'broker')
    expect(back.map(({ port }) => port)).toEqual([10911, 11911])
  }
})

it('lets clients reach proxies, or only the balancer before them', () => {
  const toProxies = (given: FirewallFacts) =>
    flowsOf(given).flatMap(({ from, to, port }) => (to === 'proxy' && port === 8081 ? [from] : []))
  expect(toProxies(facts({ hasProxies: true }))).toEqual(['clients', 'operators'])
  expect(toProxies(facts({ hasProxies: true, hasBalancer: true }))).toEqual(['balancer', 'operators'])
  const remoting = flowsOf(facts({ hasProxies: true, proxyPorts: [8081] })).filter(({ port }) => port === 8080)
  expect(remoting).toEqual([])
  expect(flowsOf(facts({ hasProxies: true })).some(({ from, to }) => from === 'proxy' && to === 'broker')).toBe(true)
})
