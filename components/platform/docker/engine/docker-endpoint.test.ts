import { expect, it } from 'vitest'
import { endpointAddress } from './docker-endpoint.ts'

it.each([
  ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
  ['tcp://10.0.0.5:2375', { kind: 'tcp', host: '10.0.0.5', port: 2375 }],
  ['tcp://docker-1', { kind: 'tcp', host: 'docker-1', port: 2375 }],
  ['tcp://[fd00::5]:2375', { kind: 'tcp', host: 'fd00::5', port: 2375 }],
  ['ssh://ops@docker-1:2222', { kind: 'ssh', destination: 'ops@docker-1', port: '2222' }],
  ['ssh://docker-1', { kind: 'ssh', destination: 'docker-1', port: undefined }],
])('reads %s', (host, address) => {
  expect(endpointAddress({ host })).toEqual(address)
})

it('takes the encrypted port when there is a key', () => {
  expect(endpointAddress({ host: 'tcp://docker-1', keyMaterial: 'PEM' })).toMatchObject({ port: 2376 })
})

it.each(['docker-1', 'http://docker-1', ''])('refuses %j', (host) => {
  expect(() => endpointAddress({ host })).toThrow('is no Docker host: give unix:///path')
})
