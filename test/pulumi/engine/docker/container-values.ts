import type { Properties } from '../values.ts'

/** What the engine says of a container, as far as the provider reads it back. */
export interface InspectedContainer {
  readonly Id: string
  readonly Name: string
  readonly Image: string
  readonly State: { readonly Running: boolean; readonly ExitCode: number }
  readonly Config: {
    readonly Image: string
    readonly Hostname: string
    readonly User: string
    readonly Cmd: readonly string[] | null
    readonly Entrypoint: readonly string[] | null
    readonly StopSignal?: string
    readonly StopTimeout?: number
    readonly Healthcheck?: Readonly<Record<string, unknown>>
  }
  readonly HostConfig: {
    readonly Memory: number
    readonly MemorySwap: number
    readonly NanoCpus: number
    readonly RestartPolicy: { readonly Name: string }
    readonly ReadonlyRootfs: boolean
    readonly SecurityOpt: readonly string[] | null
    readonly CapAdd: readonly string[] | null
    readonly CapDrop: readonly string[] | null
    readonly Tmpfs?: Readonly<Record<string, string>>
    readonly Mounts?: readonly { readonly Type: string; readonly Source: string; readonly Target: string }[]
    readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[] | null
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
  }
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>> | null
  }
}

const bytesPerMegabyte = 1024 * 1024
const nanosPerCpu = 1e9
const nanosPerSecond = 1e9
const secondsPerMinute = 60

/** As Go writes a duration of whole seconds. */
function durationText(nanos: unknown): string {
  const seconds = Number(nanos ?? 0) / nanosPerSecond
  const minutes = Math.floor(seconds / secondsPerMinute)
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % secondsPerMinute}s`
}

function healthcheck(found: Readonly<Record<string, unknown>> | undefined) {
  if (found === undefined) return undefined
  return {
    tests: found['Test'],
    interval: durationText(found['Interval']),
    timeout: durationText(found['Timeout']),
    startPeriod: durationText(found['StartPeriod']),
    startInterval: durationText(found['StartInterval']),
    retries: found['Retries'] ?? 0,
  }
}

function ports({ Ports }: InspectedContainer['NetworkSettings']) {
  return Object.entries(Ports ?? {}).flatMap(([key, bindings]) => {
    const [internal = '', protocol = ''] = key.split('/')
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      internal: Number(internal),
      external: Number(HostPort),
      ip: HostIp,
      protocol,
    }))
  })
}

/** The real values of the inputs in `known`; of those that the provider does not read back there are none. */
export function foundValues(
  { Name, Image, State, Config, HostConfig, NetworkSettings }: InspectedContainer,
  known: Properties,
) {
  const isRunning = State.Running
  const found: Properties = {
    name: Name.slice(1),
    image: String(known['image']).startsWith('sha256:') ? Image : Config.Image,
    hostname: Config.Hostname,
    command: Config.Cmd ?? [],
    entrypoints: Config.Entrypoint ?? [],
    user: Config.User,
    stopSignal: Config.StopSignal,
    stopTimeout: Config.StopTimeout,
    healthcheck: healthcheck(Config.Healthcheck),
    memory: HostConfig.Memory / bytesPerMegabyte,
    memorySwap: HostConfig.MemorySwap / bytesPerMegabyte,
    cpus: String(HostConfig.NanoCpus / nanosPerCpu),
    restart: HostConfig.RestartPolicy.Name,
    readOnly: HostConfig.ReadonlyRootfs,
    securityOpts: HostConfig.SecurityOpt ?? [],
    capabilities: { adds: HostConfig.CapAdd ?? [], drops: HostConfig.CapDrop ?? [] },
    tmpfs: HostConfig.Tmpfs ?? {},
    mounts: (HostConfig.Mounts ?? []).map(({ Type, Source, Target }) => ({
      type: Type,
      source: Source,
      target: Target,
    })),
    ulimits: (HostConfig.Ulimits ?? []).map(({ Name: name, Soft, Hard }) => ({ name, soft: Soft, hard: Hard })),
    logDriver: HostConfig.LogConfig.Type,
    logOpts: HostConfig.LogConfig.Config,
    // A stopped container has none: that alone has it made anew.
    ports: ports(NetworkSettings),
    // How the provider has a stopped container started by the next update.
    mustRun: isRunning && known['mustRun'] !== false,
  }
  return Object.fromEntries(Object.entries(found).filter(([key]) => known[key] !== undefined))
}
