import { expect, it } from 'vitest'
import { argumentProblems } from './argument-problems.ts'

const container = 'docker:index/container:Container'

it('finds nothing wrong with right inputs, whatever the depth', () => {
  const inputs = {
    image: 'gantry:1',
    memory: 512,
    readOnly: true,
    command: ['mqbroker'],
    ports: [{ internal: 10911, external: 10911, ip: '10.0.0.1' }],
    networksAdvanced: [{ name: 'net', aliases: ['a'] }],
    logOpts: { 'max-size': '10m' },
    ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
  }
  expect(argumentProblems(container, inputs)).toEqual([])
})

it('names keys that do not exist, with their path', () => {
  const inputs = { image: 'a', memori: 1, ports: [{ internal: 1 }, { internal: 2, extarnal: 3 }] }
  expect(argumentProblems(container, inputs)).toEqual(['memori: no such input', 'ports[1].extarnal: no such input'])
})

it('names values of a wrong type', () => {
  const inputs = { image: 7, memory: '512', command: 'mqbroker', healthcheck: [], logOpts: { size: 10 }, envs: [1] }
  expect(argumentProblems(container, inputs)).toEqual([
    'image: must be a string, is number',
    'memory: must be a number, is string',
    'command: must be a list, is string',
    'healthcheck: must be an object, is a list',
    'logOpts.size: must be a string, is number',
    'envs[0]: must be a string, is number',
  ])
})

it('names required inputs that are missing', () => {
  const inputs = { mounts: [{ type: 'volume' }], ulimits: [{ name: 'nofile', soft: 1 }] }
  expect(argumentProblems(container, inputs)).toEqual([
    'mounts[0].target: missing',
    'ulimits[0].hard: missing',
    'image: missing',
  ])
})

it('looks into secrets and lets pass what is not known yet', () => {
  const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', value: 5 }
  const inputs = { host: 'tcp://a:2376', keyMaterial: secret, certMaterial: '04da6b54-80e4-46f7-96ec-b56ff0331ba9' }
  expect(argumentProblems('pulumi:providers:docker', inputs)).toEqual(['keyMaterial: must be a string, is number'])
})

it("reads a provider's inputs as the SDK writes them", () => {
  const inputs = { host: 'ssh://a', sshOpts: '["-i","/key"]', disableDockerDaemonCheck: 'yes', registryAuth: '[{}]' }
  expect(argumentProblems('pulumi:providers:docker', inputs)).toEqual([
    'disableDockerDaemonCheck: must be a boolean, is string',
    'registryAuth[0].address: missing',
  ])
})

it('does not know types of other packages or of none', () => {
  expect(() => argumentProblems('docker:index/conteiner:Conteiner', {})).toThrow(/no such file/)
  expect(() => argumentProblems('dokker:index/container:Container', {})).toThrow(/@pulumi\/dokker/)
})
