import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../components/plan/plan.ts'
import { createDataDir, dataDirFiles, readState, writePlan } from '../../components/platform/process/cluster-state.ts'
import { lockDataDir } from '../../components/platform/process/data-dir-lock.ts'
import { readTail } from '../../components/platform/process/node-log.ts'
import { clusterStatus } from '../cluster-status.ts'
import { renderClientHint, renderCluster } from '../cluster-table.ts'
import { renderSecurity } from '../security-status.ts'
import { UserError } from '../user-error.ts'
import { makeRoom } from './up.ts'

const lookMs = 25
const tailBytes = 2048

const pause = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs))

/** Starts a supervisor that outlives this command and waits until the cluster is ready. */
export async function upDetached(plan: Plan, dataDir: string, readyTimeoutMs: number): Promise<void> {
  createDataDir(dataDir)
  const lock = lockDataDir(dataDir)
  try {
    await makeRoom(plan, dataDir, (line) => process.stdout.write(`${line}\n`))
    writePlan(dataDir, plan)
  } finally {
    lock.release()
  }
  await superviseDetached(plan, dataDir, readyTimeoutMs)
}

/** Leaves a supervisor running the plan that is in the data dir. */
export async function superviseDetached(plan: Plan, dataDir: string, readyTimeoutMs: number): Promise<void> {
  const supervisor = startSupervisor(dataDir)
  await waitUntilReady(dataDir, supervisor, readyTimeoutMs)
  const { nodes, security } = await clusterStatus(dataDir)
  const hints = [...renderClientHint(plan.namesrvAddr), ...renderSecurity(security, Date.now())]
  const hint = `Running in the background (pid ${supervisor.pid}). Stop it with: gantry down --data-dir ${relative('', dataDir) || '.'}`
  process.stdout.write(`${['', ...renderCluster(nodes), '', ...hints, '', hint].join('\n')}\n`)
}

interface SupervisorChild {
  readonly pid: number
  readonly hasExited: () => boolean
}

function startSupervisor(dataDir: string): SupervisorChild {
  const log = openSync(dataDirFiles(dataDir).supervisorLog, 'a')
  try {
    const main = fileURLToPath(new URL(`../main${extname(import.meta.filename)}`, import.meta.url))
    const child = spawn(process.execPath, [main, 'supervise', dataDir], {
      stdio: ['ignore', log, log],
      detached: true,
    })
    child.unref()
    if (child.pid === undefined) throw new UserError(`cannot start a background process: ${process.execPath} failed`)
    return { pid: child.pid, hasExited: () => child.exitCode !== null || child.signalCode !== null }
  } finally {
    closeSync(log)
  }
}

async function waitUntilReady(dataDir: string, supervisor: SupervisorChild, readyTimeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + readyTimeoutMs
  for (;;) {
    const state = readState(dataDir)
    if (state?.supervisor.pid === supervisor.pid && state.ready) return
    if (supervisor.hasExited()) {
      const words = readTail(dataDirFiles(dataDir).supervisorLog, tailBytes)
      throw new UserError(`the supervisor ended at once. Its last words:\n${words}`)
    }
    if (performance.now() > deadlineMs) {
      const late = state?.nodes.filter((node) => node.phase !== 'healthy') ?? []
      const list = late.map(
        (node) => `  ${node.id} ${node.phase}${node.trouble === undefined ? '' : `: ${node.trouble}`}`,
      )
      throw new UserError(
        `not ready after ${readyTimeoutMs / 1000} s; it goes on trying in the background ("gantry status", "gantry down").\n${list.join('\n')}`,
      )
    }
    await pause(lookMs)
  }
}
