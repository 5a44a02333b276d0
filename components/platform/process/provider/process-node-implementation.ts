import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { RealClock } from '../../../../runtime/io/real-clock.ts'
import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import type { Programs } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { RemotingProbe } from '../cluster-probe.ts'
import { nodeLogFile } from '../cluster-state.ts'
import { DataDirInUseError, lockHolder } from '../data-dir-lock.ts'
import { nodeAddress, whatIsMissing } from '../node-health.ts'
import { launchSpec, nodeCommand } from '../node-launch.ts'
import { lastWords } from '../node-log.ts'
import { checkPortsFree } from '../port-check.ts'
import { isRunning, type ProcessRef } from '../process-identity.ts'
import { type ProcessExit, RealProcessTable } from '../process-table.ts'
import { stopProcesses } from '../stop-processes.ts'
import { readProcessRecord, removeProcessRecord, writeProcessRecord } from './process-record.ts'

export interface ProcessNodeInputs {
  readonly node: PlanNode
  /** NameServers a broker has to be registered with before it counts as healthy: `host:port`. */
  readonly nameServers: readonly string[]
  /** For a slave: `host:port` of its master. */
  readonly master?: string
  readonly programs: Programs
  /** How long a node may take until it is healthy. */
  readonly readyTimeoutMs: number
}

export interface ProcessNodeOutputs extends ProcessNodeInputs {
  readonly phase: 'running' | 'stopped'
  readonly process: ProcessRef
}

/** Between two questions to a node that is not healthy yet. */
const healthPollMs = 50

const clock = new RealClock()

/** A node as a process of this machine. It goes on running when Pulumi has ended. */
export const processNodeImplementation: Implementation<ProcessNodeInputs, ProcessNodeOutputs> = {
  async diff(olds, news) {
    const moved = olds.node.dataDir !== news.node.dataDir
    const wanted = { ...news, phase: 'running' }
    const { process: ref, ...known } = olds
    const same = ['node', 'nameServers', 'master', 'programs', 'readyTimeoutMs', 'phase'].every((key) =>
      isSameValue(known[key as keyof typeof known], wanted[key as keyof typeof wanted]),
    )
    // The old one has to free its ports before the new one can have them.
    return { changes: !same || !isRunning(ref), replaces: moved ? ['node'] : [], deleteBeforeReplace: true }
  },
  async create(news) {
    return { id: news.node.id, outs: await bringUp(news, undefined) }
  },
  async read(_, known) {
    const { node } = known
    if (!existsSync(node.dataDir)) return undefined
    const text = existsSync(node.confFile.path) ? readFileSync(node.confFile.path, 'utf8') : ''
    const ref = currentProcess(node.dataDir, known.process) ?? known.process
    const phase = isRunning(ref) ? 'running' : 'stopped'
    return { ...known, node: { ...node, confFile: { ...node.confFile, text } }, phase, process: ref }
  },
  async update(olds, news) {
    return bringUp(news, olds.process)
  },
  async delete(known) {
    await stop(known.node, known.process)
    removeProcessRecord(known.node.dataDir)
  },
}

/** Pulumi's own variables, secrets among them, are none of the node's business. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PULUMI_')))
}

/** The process that runs for a node: the one recorded in its folder, or the one the state knows. */
function currentProcess(dataDir: string, known: ProcessRef | undefined): ProcessRef | undefined {
  const recorded = readProcessRecord(dataDir)?.process
  return [recorded, known].find((ref) => ref !== undefined && isRunning(ref))
}

async function stop(node: PlanNode, known: ProcessRef | undefined): Promise<void> {
  const ref = currentProcess(node.dataDir, known)
  if (ref === undefined) return
  const context = { plan: { startOrder: [[node.id]] }, processOf: () => ref, processes: new RealProcessTable(), clock }
  await stopProcesses(context, (event) => {
    if (event.type === 'killed') console.warn(`${node.id} did not stop within ${event.afterMs} ms: killed`)
  })
}

/** Leaves a process alone that was started the same way; otherwise stops it and starts the node as asked. */
async function bringUp(news: ProcessNodeInputs, known: ProcessRef | undefined): Promise<ProcessNodeOutputs> {
  const { node } = news
  const supervisor = lockHolder(dirname(node.dataDir))
  if (supervisor !== undefined) throw new DataDirInUseError(dirname(node.dataDir), supervisor)
  const launch = JSON.stringify([node.confFile, nodeCommand(node, news.programs)])
  const record = readProcessRecord(node.dataDir)
  let exit: ProcessExit | undefined
  let ref = record?.launch === launch && isRunning(record.process) ? record.process : undefined
  if (ref === undefined) {
    await stop(node, known)
    await checkPortsFree([node])
    mkdirSync(dirname(nodeLogFile(node.dataDir, node.id)), { recursive: true })
    writeFileSync(node.confFile.path, node.confFile.text)
    ref = new RealProcessTable(environment()).start(launchSpec(node, node.dataDir, news.programs), (ended) => {
      exit = ended
    })
    if (ref === undefined)
      throw new Error(`${node.id} could not be started: is ${nodeCommand(node, news.programs).command} there?`)
    writeProcessRecord(node.dataDir, { process: ref, launch })
  } else writeFileSync(node.confFile.path, node.confFile.text)
  const started = ref
  const gone = { code: undefined, signal: undefined }
  await untilHealthy(news, () => exit ?? (isRunning(started) ? undefined : gone))
  return { ...news, phase: 'running', process: ref }
}

async function untilHealthy(news: ProcessNodeInputs, ended: () => ProcessExit | undefined): Promise<void> {
  const { node, nameServers, master, readyTimeoutMs } = news
  const probe = new RemotingProbe()
  const behind = master === undefined ? undefined : catchUp(probe, node, master)
  const deadlineMs = clock.monotonic() + readyTimeoutMs
  try {
    for (;;) {
      const health = { nameServers, ...(master === undefined ? {} : { master: { address: master, inSyncSlaves: 1 } }) }
      const missing = (await whatIsMissing(probe, node, health)) ?? (await behind?.())
      const exit = ended()
      if (exit !== undefined) {
        // It may be seen gone a moment before its exit code is told.
        if (exit.code === undefined) await new Promise<void>((resolve) => clock.after(healthPollMs, resolve))
        throw new Error(diedMessage(node, ended() ?? exit))
      }
      if (missing === undefined) return
      if (clock.monotonic() > deadlineMs) {
        await stop(node, undefined)
        throw new Error(
          `${node.id} was not healthy after ${readyTimeoutMs / 1000} s and was stopped: ${missing}. Its log: ${nodeLogFile(node.dataDir, node.id)}`,
        )
      }
      await new Promise<void>((resolve) => clock.after(healthPollMs, resolve))
    }
  } finally {
    probe.close()
  }
}

function diedMessage(node: PlanNode, { code, signal, error }: ProcessExit): string {
  const how = error ?? (signal === undefined ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`)
  const log = nodeLogFile(node.dataDir, node.id)
  return `${node.id} ended while starting (${how}): ${lastWords(log) ?? 'it left no word'}. Its log: ${log}`
}

/** Asks whether a slave has what its master had when first asked: under load the master's end moves on and on. */
function catchUp(probe: RemotingProbe, node: PlanNode, master: string): () => Promise<string | undefined> {
  const offsetMax = async (address: string) => Number((await probe.runtimeInfo(address)).get('commitLogMaxOffset') ?? 0)
  let target: number | undefined
  return async () => {
    try {
      target ??= await offsetMax(master)
      const lagBytes = target - (await offsetMax(nodeAddress(node)))
      return lagBytes > 0 ? `${lagBytes} bytes behind its master ${master}` : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
