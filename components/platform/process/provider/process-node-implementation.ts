import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { RealClock } from '../../../../runtime/io/real-clock.ts'
import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import type { Programs } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { nodeAddress } from '../../health/node-health.ts'
import { waitUntilHealthy } from '../../health/wait-until-healthy.ts'
import { apacheLogFolder } from '../apache-launch.ts'
import { nodeLogFile } from '../cluster-state.ts'
import { writeConfFile } from '../conf-file.ts'
import { DataDirInUseError, lockHolder } from '../data-dir-lock.ts'
import { missingProgram } from '../missing-program.ts'
import { launchSpec, nodeCommand } from '../node-launch.ts'
import { lastWords } from '../node-log.ts'
import { isForeignAddress } from '../own-address.ts'
import { checkPortsFree } from '../port-check.ts'
import { isRunning, type ProcessRef } from '../process-identity.ts'
import { type ProcessExit, RealProcessTable } from '../process-table.ts'
import { stopProcesses } from '../stop-processes.ts'
import { readProcessRecord, removeProcessRecord, writeProcessRecord } from './process-record.ts'
import { untilPortsFree } from './sibling-ports.ts'

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

/** Until the exit code of a process that has ended is told. */
const exitPollMs = 50
/** Between two looks at ports that another node of the cluster has. */
const portPollMs = 100

const clock = new RealClock()

/** A node as a process of this machine. It goes on running when Pulumi has ended. */
export const processNodeImplementation: Implementation<ProcessNodeInputs, ProcessNodeOutputs> = {
  problems({ node }) {
    // In a preview a node may not be known yet.
    if (typeof node !== 'object' || !isForeignAddress(node.address)) return []
    const reason = `${node.id} is to run on host ${node.host} (${node.address}), which is not this machine: processes are started here only. Leave hosts out of the config, or use platform.docker`
    return [{ property: 'node', reason }]
  },
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

/** What tells one way of starting a node from another; the conf file, which may hold secrets, cannot be read from it. */
const launchHash = ({ node, programs }: ProcessNodeInputs): string =>
  createHash('sha256')
    .update(JSON.stringify([node.confFile, nodeCommand(node, programs)]))
    .digest('hex')

/** Waits a little, and is false when so much time has gone by since it was made. */
function pauseUntil(limitMs: number): () => Promise<boolean> {
  const deadlineMs = clock.monotonic() + limitMs
  return async () => {
    await new Promise<void>((resolve) => clock.after(portPollMs, resolve))
    return clock.monotonic() < deadlineMs
  }
}

/** Leaves a process alone that was started the same way; otherwise stops it and starts the node as asked. */
async function bringUp(news: ProcessNodeInputs, known: ProcessRef | undefined): Promise<ProcessNodeOutputs> {
  const { node } = news
  const supervisor = lockHolder(dirname(node.dataDir))
  if (supervisor !== undefined) throw new DataDirInUseError(dirname(node.dataDir), supervisor)
  const launch = launchHash(news)
  const record = readProcessRecord(node.dataDir)
  let exit: ProcessExit | undefined
  let ref = record?.launch === launch && isRunning(record.process) ? record.process : undefined
  if (ref === undefined) {
    const missing = missingProgram(node, news.programs)
    if (missing !== undefined) throw new Error(`${node.id} cannot be started: ${missing}`)
    await stop(node, known)
    await untilPortsFree(node.dataDir, () => checkPortsFree([node]), pauseUntil(news.readyTimeoutMs))
    mkdirSync(dirname(nodeLogFile(node.dataDir, node.id)), { recursive: true })
    writeConfFile(node)
    ref = new RealProcessTable(environment()).start(launchSpec(node, node.dataDir, news.programs), (ended) => {
      exit = ended
    })
    if (ref === undefined)
      throw new Error(`${node.id} could not be started: is ${nodeCommand(node, news.programs).command} there?`)
    writeProcessRecord(node.dataDir, { process: ref, launch })
  } else writeConfFile(node)
  const started = ref
  const gone = { code: undefined, signal: undefined }
  await untilHealthy(news, () => exit ?? (isRunning(started) ? undefined : gone))
  return { ...news, phase: 'running', process: ref }
}

/** Waits until the node is healthy; stops it when it is not in time. */
async function untilHealthy(news: ProcessNodeInputs, ended: () => ProcessExit | undefined): Promise<void> {
  const { node, readyTimeoutMs } = news
  const exited = async (): Promise<string | undefined> => {
    const exit = ended()
    if (exit === undefined) return undefined
    // It may be seen gone a moment before its exit code is told.
    if (exit.code === undefined) await new Promise<void>((resolve) => clock.after(exitPollMs, resolve))
    return diedMessage(node, ended() ?? exit)
  }
  const missing = await waitUntilHealthy({ ...news, address: nodeAddress(node) }, exited)
  if (missing === undefined) return
  await stop(node, undefined)
  throw new Error(
    `${node.id} was not healthy after ${readyTimeoutMs / 1000} s and was stopped: ${missing}. ${whereItsLogIs(node)}`,
  )
}

function diedMessage(node: PlanNode, { code, signal, error }: ProcessExit): string {
  const how = error ?? (signal === undefined ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`)
  const words = lastWords(nodeLogFile(node.dataDir, node.id)) ?? 'it left no word'
  return `${node.id} ended while starting (${how}): ${words}. ${whereItsLogIs(node)}`
}

const whereItsLogIs = (node: PlanNode): string => {
  const own = node.engine === 'apache' ? `, and ${apacheLogFolder(node)}` : ''
  return `Its log: ${nodeLogFile(node.dataDir, node.id)}${own}`
}
