import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { RealClock } from '../../../../runtime/io/real-clock.ts'
import type { Implementation } from '../../../dynamic/implementation.ts'
import { isSameValue } from '../../../dynamic/same-value.ts'
import type { Programs } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { liveSettings } from '../../../plan/rollout/node-settings.ts'
import { changeLive } from '../../../rollout/live-change.ts'
import { withLiveCluster } from '../../../rollout/live-cluster.ts'
import { makeWay, takePartAgain } from '../../../rollout/make-way.ts'
import { placeForgotten, placeVacated } from '../../../rollout/places.ts'
import { untilPemsRead } from '../../../security/pems-read.ts'
import { nodeAddress } from '../../health/node-health.ts'
import { waitUntilHealthy } from '../../health/wait-until-healthy.ts'
import { apacheLogFolder } from '../apache-launch.ts'
import { nodeLogFile } from '../cluster-state.ts'
import { DataDirInUseError, lockHolder } from '../data-dir-lock.ts'
import { missingProgram } from '../missing-program.ts'
import { writeNodeFiles, writePems } from '../node-files.ts'
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
  readonly staleRouteMs?: number
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
    return { id: news.node.id, outs: await bringUp(news) }
  },
  async read(_, known) {
    const { node } = known
    if (!existsSync(node.dataDir)) return undefined
    const text = confFileText(node) ?? ''
    const ref = currentProcess(node.dataDir, known.process) ?? known.process
    const phase = isRunning(ref) ? 'running' : 'stopped'
    return { ...known, node: { ...node, confFile: { ...node.confFile, text } }, phase, process: ref }
  },
  async update(olds, news) {
    return bringUp(news, olds)
  },
  async delete(known) {
    await stop(known.node, known.process)
    removeProcessRecord(known.node.dataDir)
    await placeVacated(known.node, known.nameServers)
  },
}

/** Pulumi's own variables, secrets among them, are none of the node's business. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PULUMI_')))
}

const confFileText = ({ confFile }: PlanNode): string | undefined =>
  existsSync(confFile.path) ? readFileSync(confFile.path, 'utf8') : undefined

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
    .update(JSON.stringify([node.confFile, nodeCommand(node, programs), ...(node.tls === undefined ? [] : [node.tls])]))
    .digest('hex')

/** Waits a little, and is false when so much time has gone by since it was made. */
function pauseUntil(limitMs: number): () => Promise<boolean> {
  const deadlineMs = clock.monotonic() + limitMs
  return async () => {
    await new Promise<void>((resolve) => clock.after(portPollMs, resolve))
    return clock.monotonic() < deadlineMs
  }
}

/**
 * Leaves a process alone that was started the same way, and gives it what its engine takes while it runs; otherwise lets it
 * make way, stops it and starts the node as asked.
 */
async function bringUp(news: ProcessNodeInputs, olds?: ProcessNodeOutputs): Promise<ProcessNodeOutputs> {
  const { node } = news
  const supervisor = lockHolder(dirname(node.dataDir))
  if (supervisor !== undefined) throw new DataDirInUseError(dirname(node.dataDir), supervisor)
  const ref = currentProcess(node.dataDir, olds?.process)
  if (ref !== undefined && (await isKept(news, olds))) {
    await untilHealthy(news, { ended: () => undefined, ref, isNew: false })
    return { ...news, phase: 'running', process: ref }
  }
  const wasRunning = ref !== undefined
  const { nameServers, readyTimeoutMs: timeoutMs, staleRouteMs } = news
  // NameServers that are new do not know the node yet, and those that have gone know nothing any more.
  const lasting = nameServers.filter((address) => olds?.nameServers.includes(address) ?? true)
  if (wasRunning) await makeWay({ node: olds?.node ?? node, next: node, nameServers: lasting, timeoutMs, staleRouteMs })
  const formerPlace = olds !== undefined && nodeAddress(olds.node) !== nodeAddress(node) ? olds : undefined
  // Before its ports are free for others, and when they are.
  if (wasRunning && formerPlace !== undefined) await leavePlace(formerPlace, nameServers)
  const started = await startAnew(news, olds?.process)
  await untilHealthy(news, { ...started, isNew: !wasRunning })
  if (wasRunning) await takePartAgain({ node, nameServers, timeoutMs })
  return { ...news, phase: 'running', process: started.ref }
}

async function leavePlace({ node, process: ref }: ProcessNodeOutputs, nameServers: readonly string[]): Promise<void> {
  await placeVacated(node, nameServers)
  await stop(node, ref)
  await placeVacated(node, nameServers)
}

/** Whether the process that runs can stay: it was started as asked, or differs in what counts without a restart. */
async function isKept(news: ProcessNodeInputs, olds: ProcessNodeOutputs | undefined): Promise<boolean> {
  const { node } = news
  const launch = launchHash(news)
  const record = readProcessRecord(node.dataDir)
  if (record === undefined || !isRunning(record.process)) return false
  const started = record.launch === launch ? node : olds?.node
  if (started === undefined) return false
  // By hand or by an earlier run, cut short, the conf file may say something else by now.
  const found = { ...node, confFile: { ...node.confFile, text: confFileText(node) ?? node.confFile.text } }
  const settings = { ...liveSettings(started, node), ...liveSettings(found, node) }
  if (record.launch !== launch) {
    const isOnlyConf = launchHash({ ...news, node: { ...node, confFile: started.confFile } }) === record.launch
    if (!isOnlyConf || liveSettings(started, node) === undefined) return false
  }
  if (Object.keys(settings).length > 0) await changeLiveAt(news, settings)
  writeNodeFiles(node, dirname(node.dataDir))
  if (writePems(node)) await untilPemsRead(clock)
  writeProcessRecord(node.dataDir, { process: record.process, launch })
  return true
}

async function changeLiveAt({ node, nameServers }: ProcessNodeInputs, settings: Record<string, string>): Promise<void> {
  console.info(`${node.id}: ${Object.keys(settings).join(', ')} changed without a restart`)
  await withLiveCluster({ cluster: '', nameServers, controllers: [] }, (cluster) =>
    changeLive(cluster, node, nodeAddress(node), settings),
  )
}

interface StartedProcess {
  readonly ref: ProcessRef
  /** How it ended, once it has. */
  readonly ended: () => ProcessExit | undefined
}

async function startAnew(news: ProcessNodeInputs, known: ProcessRef | undefined): Promise<StartedProcess> {
  const { node } = news
  const missing = missingProgram(node, news.programs)
  if (missing !== undefined) throw new Error(`${node.id} cannot be started: ${missing}`)
  await stop(node, known)
  await untilPortsFree(node.dataDir, () => checkPortsFree([node]), pauseUntil(news.readyTimeoutMs))
  await placeForgotten(node, news.nameServers, news.staleRouteMs)
  mkdirSync(dirname(nodeLogFile(node.dataDir, node.id)), { recursive: true })
  writeNodeFiles(node, dirname(node.dataDir))
  writePems(node)
  let exit: ProcessExit | undefined
  const ref = new RealProcessTable(environment()).start(launchSpec(node, node.dataDir, news.programs), (ended) => {
    exit = ended
  })
  if (ref === undefined)
    throw new Error(`${node.id} could not be started: is ${nodeCommand(node, news.programs).command} there?`)
  writeProcessRecord(node.dataDir, { process: ref, launch: launchHash(news) })
  return { ref, ended: () => exit }
}

/** Waits until the node is healthy. A new one that is not in time is stopped; one that has data to serve goes on. */
async function untilHealthy(
  news: ProcessNodeInputs,
  { ref, ended, isNew }: StartedProcess & { readonly isNew: boolean },
): Promise<void> {
  const { node, readyTimeoutMs } = news
  const exited = async (): Promise<string | undefined> => {
    if (ended() === undefined && isRunning(ref)) return undefined
    // It may be seen gone a moment before its exit code is told.
    if (ended()?.code === undefined) await new Promise<void>((resolve) => clock.after(exitPollMs, resolve))
    return diedMessage(node, ended() ?? { code: undefined, signal: undefined })
  }
  const missing = await waitUntilHealthy({ ...news, address: nodeAddress(node) }, exited)
  if (missing === undefined) return
  if (isNew) await stop(node, undefined)
  throw new Error(
    `${node.id} was not healthy after ${readyTimeoutMs / 1000} s and ${isNew ? 'was stopped' : 'goes on trying'}: ${missing}. ${whereItsLogIs(node)}`,
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
