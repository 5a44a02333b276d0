import { type EngineClient, EngineError } from '../../../../components/platform/docker/engine/engine-client.ts'
import type { Properties } from '../values.ts'
import { foundValues, type InspectedContainer } from './container-values.ts'
import type { DockerKind } from './docker-kind.ts'
import { labelMap } from './volume-kind.ts'

const bytesPerMegabyte = 1024 * 1024
const nanosPerCpu = 1e9

type Entry = Properties
const list = (value: unknown): Entry[] => (value ?? []) as Entry[]

const nanosOfUnit: Readonly<Record<string, number>> = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6 }

/** A duration as Go writes it. */
function nanosOf(duration: unknown): number {
  const parts = String(duration).matchAll(/(\d+)(ms|h|m|s)/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (nanosOfUnit[unit ?? ''] ?? 0), 0)
}

function healthcheckOf(value: unknown) {
  if (value === undefined) return undefined
  const { tests, interval, timeout, startPeriod, retries } = value as Properties
  return {
    Test: tests,
    Interval: nanosOf(interval),
    Timeout: nanosOf(timeout),
    StartPeriod: nanosOf(startPeriod),
    Retries: retries,
  }
}

const portKey = ({ internal, protocol }: Entry): string => `${internal}/${protocol}`

function createBody(inputs: Properties) {
  const ports = list(inputs['ports'])
  const { drops = [], adds = [] } = (inputs['capabilities'] ?? {}) as { drops?: string[]; adds?: string[] }
  return {
    Image: inputs['image'],
    Hostname: inputs['hostname'],
    Cmd: inputs['command'],
    Entrypoint: inputs['entrypoints'],
    Env: inputs['envs'],
    User: inputs['user'],
    StopSignal: inputs['stopSignal'],
    StopTimeout: inputs['stopTimeout'],
    Labels: labelMap(inputs['labels']),
    Healthcheck: healthcheckOf(inputs['healthcheck']),
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    HostConfig: {
      NetworkMode: 'bridge',
      Init: false,
      ...resources(inputs),
      NanoCpus: inputs['cpus'] === undefined ? undefined : Number(inputs['cpus']) * nanosPerCpu,
      PortBindings: Object.fromEntries(
        ports.map((port) => [portKey(port), [{ HostIp: port['ip'], HostPort: String(port['external']) }]]),
      ),
      Mounts: list(inputs['mounts']).map(({ type, source, target }) => ({
        Type: type,
        Source: source,
        Target: target,
      })),
      Tmpfs: inputs['tmpfs'],
      ReadonlyRootfs: inputs['readOnly'] ?? false,
      CapAdd: adds,
      CapDrop: drops,
      SecurityOpt: inputs['securityOpts'],
      Ulimits: list(inputs['ulimits']).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
      LogConfig: { Type: inputs['logDriver'] ?? '', Config: inputs['logOpts'] ?? {} },
    },
  }
}

/** What can be changed while a container runs. */
function resources(inputs: Properties) {
  return {
    RestartPolicy: { Name: inputs['restart'], MaximumRetryCount: 0 },
    Memory: Number(inputs['memory'] ?? 0) * bytesPerMegabyte,
    MemorySwap: Number(inputs['memorySwap'] ?? 0) * bytesPerMegabyte,
  }
}

/** Made in the default network, taken out of it, put into those asked for: in this order, as that provider does. */
async function connect(engine: EngineClient, id: string, networks: readonly Entry[]): Promise<void> {
  try {
    await engine.ask('POST', '/networks/bridge/disconnect', { json: { Container: id } })
  } catch (error) {
    if (!(error instanceof EngineError) || !error.message.includes('is not connected to')) throw error
  }
  for (const { name, aliases } of networks) {
    const json = { Container: id, EndpointConfig: { Aliases: aliases } }
    await engine.ask('POST', `/networks/${String(name)}/connect`, { json })
  }
}

/** A container: made, connected, started. One that is found stopped is started again, or made anew if that is not enough. */
export const containerKind: DockerKind = {
  inputs: {
    ...{ name: 'replace', image: 'replace', hostname: 'replace', command: 'replace', entrypoints: 'replace' },
    ...{ envs: 'replace', user: 'replace', stopSignal: 'replace', stopTimeout: 'replace', labels: 'replace' },
    ...{ ports: 'replace', mounts: 'replace', readOnly: 'replace', capabilities: 'replace', cpus: 'replace' },
    ...{ securityOpts: 'replace', ulimits: 'replace', logDriver: 'replace', logOpts: 'replace' },
    ...{ networksAdvanced: 'replace' },
    ...{ restart: 'update', memory: 'update', memorySwap: 'update', mustRun: 'update' },
    // Nothing is done when these change, though they are said to.
    ...{ healthcheck: 'update', tmpfs: 'update', destroyGraceSeconds: 'update' },
  },
  withDefaults(inputs) {
    const ports = list(inputs['ports']).map((port) => ({ protocol: 'tcp', ip: '0.0.0.0', ...port }))
    const filled: Properties = { restart: 'no', mustRun: true, ...inputs }
    if (inputs['ports'] !== undefined) filled['ports'] = ports
    if (inputs['healthcheck'] !== undefined) {
      const none = { interval: '0s', timeout: '0s', startPeriod: '0s', startInterval: '0s', retries: 0 }
      filled['healthcheck'] = { ...none, ...(inputs['healthcheck'] as Properties) }
    }
    return filled
  },
  async create(engine, inputs) {
    const query = `name=${encodeURIComponent(String(inputs['name']))}`
    const { Id: id } = await engine.ask<{ Id: string }>('POST', `/containers/create?${query}`, {
      json: createBody(inputs),
    })
    if (inputs['networksAdvanced'] !== undefined) await connect(engine, id, list(inputs['networksAdvanced']))
    await engine.ask('POST', `/containers/${id}/start`)
    return { id, outputs: (await containerKind.read(engine, id, inputs)) ?? inputs }
  },
  async read(engine, id, known) {
    const container = await engine.find<InspectedContainer>(`/containers/${id}/json`)
    return container === undefined ? undefined : { ...known, ...foundValues(container, known) }
  },
  async update(engine, id, olds, news) {
    if (olds['mustRun'] === false && news['mustRun'] === true) await engine.ask('POST', `/containers/${id}/start`)
    const changed = ['restart', 'memory', 'memorySwap'].some((key) => olds[key] !== news[key])
    if (changed) await engine.ask('POST', `/containers/${id}/update`, { json: resources(news) })
    return { ...olds, ...news }
  },
  async delete(engine, id, known) {
    if ((await engine.find(`/containers/${id}/json`)) === undefined) return
    await engine.ask('POST', `/containers/${id}/stop?t=${Number(known['destroyGraceSeconds'] ?? 0)}`)
    await engine.ask('DELETE', `/containers/${id}?force=1`)
  },
}
