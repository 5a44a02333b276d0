import { styleText } from 'node:util'
import { withToolAccess } from '../../components/admin/tool-access.ts'
import type { Plan } from '../../components/plan/plan.ts'
import { planRollout } from '../../components/plan/rollout/plan-rollout.ts'
import type { Rollout } from '../../components/plan/rollout/rollout.ts'
import { describeRollout } from '../../components/plan/rollout/rollout-words.ts'
import { canRunBeside } from '../../components/plan/rollout/schedule.ts'
import { readPlan } from '../../components/platform/process/cluster-state.ts'
import { lockHolder } from '../../components/platform/process/data-dir-lock.ts'
import { checkPortsFree } from '../../components/platform/process/port-check.ts'
import { formerStoreRefusals } from '../../components/platform/process/rollout/former-stores.ts'
import { observeRunning } from '../../components/platform/process/rollout/observe-running.ts'
import {
  describeRolloutEvent,
  isLastEvent,
  type LoggedRolloutEvent,
} from '../../components/platform/process/rollout/rollout-event.ts'
import { RolloutLogReader } from '../../components/platform/process/rollout/rollout-log.ts'
import { checkNoneUnderWay, putRequest } from '../../components/platform/process/rollout/rollout-request.ts'
import { localAccess } from '../../components/platform/process/secrets/local-access.ts'
import { prepareSecrets } from '../../components/platform/process/secrets/prepare-secrets.ts'
import { renderRolloutReport } from '../rollout-report.ts'
import { UserError } from '../user-error.ts'
import { upHere } from './up.ts'
import { superviseDetached } from './up-detached.ts'

export interface RollingOptions {
  readonly detach?: boolean
  readonly allow?: readonly string[]
  readonly waitSeconds?: number
  readonly readyTimeoutMs: number
}

const waitSecondsDefault = 300
const lookMs = 100

const print = (line: string) => process.stdout.write(`${line}\n`)

/**
 * Changes a cluster that runs, or whose last rollout was cut off: shows the steps, has the supervisor take them and follows
 * it. The supervisor goes on when this command is ended.
 */
export async function upRolling(wanted: Plan, dataDir: string, options: RollingOptions): Promise<void> {
  const running = readPlan(dataDir)
  if (running === undefined) throw new UserError(`there is no plan in ${dataDir}: stop the cluster with "gantry down"`)
  const { allow = [], waitSeconds = waitSecondsDefault, detach, readyTimeoutMs } = options
  const id = `${new Date().toISOString()}-${process.pid}`
  const request = { id, wanted, allow, waitTimeoutMs: waitSeconds * 1000 }
  if (lockHolder(dataDir) === undefined) {
    print('The last rollout was cut off: the cluster goes on from there.')
    await prepare(dataDir, wanted, running)
    putRequest(dataDir, request)
    if (!detach) return upHere(running, dataDir)
    await superviseDetached(running, dataDir, readyTimeoutMs)
    return follow(dataDir, id)
  }
  // Before anything is looked at: in the middle of another rollout nothing is as it will be.
  checkNoneUnderWay(dataDir)
  const access = localAccess(dataDir, running)
  const observed = await withToolAccess(access, () => observeRunning(dataDir, running))
  const planned = planRollout({ running, wanted, observed, allow })
  const rollout = { ...planned, refusals: [...planned.refusals, ...formerStoreRefusals(running, wanted)] }
  for (const line of describeRollout(rollout)) print(line)
  if (rollout.refusals.length > 0) throw new UserError('the rollout is refused, see above')
  await checkPortsFree(newNodes(rollout, running))
  // A plan may differ in what no step changes, e.g. how long to wait: the supervisor takes that over as well.
  await prepare(dataDir, wanted, running)
  if (rollout.steps.length === 0 && JSON.stringify(running) === JSON.stringify(wanted)) return
  putRequest(dataDir, request)
  await follow(dataDir, id)
}

/** Nodes look at their files every two seconds; those that trust a new authority have to know it before anybody shows it. */
const filesReadMs = 5000

/** Makes the certificates and credentials that are missing, and waits until nodes that run have read what has changed. */
async function prepare(dataDir: string, wanted: Plan, running: Plan): Promise<void> {
  const { hasChanged } = await prepareSecrets(dataDir, wanted, Date.now(), running)
  if (!hasChanged) return
  print('Certificates have changed: nodes read them without a restart.')
  await new Promise<void>((resolve) => setTimeout(resolve, filesReadMs))
}

/** Nodes whose ports are none of the running cluster's. */
const newNodes = ({ steps }: Rollout, { nodes }: Plan) =>
  steps.flatMap(({ action }) =>
    action.kind === 'startNode' && nodes.every((node) => canRunBeside(node, action.node)) ? [action.node] : [],
  )

/** Prints what happens until the end of it. @throws UserError when it stopped */
async function follow(dataDir: string, id: string): Promise<void> {
  const reader = new RolloutLogReader(dataDir, id)
  const all: LoggedRolloutEvent[] = []
  for (;;) {
    const isSupervised = lockHolder(dataDir) !== undefined
    const events = reader.readNew()
    for (const event of events) {
      const line = describeRolloutEvent(event)
      print(event.type === 'stopped' || event.type === 'refused' ? styleText('yellow', `! ${line}`) : `  ${line}`)
    }
    all.push(...events)
    const last = all.at(-1)
    if (last !== undefined && isLastEvent(last)) return finish(all, last)
    if (!isSupervised) throw new UserError('the supervisor is gone. "gantry up" with the same stack goes on.')
    await new Promise<void>((resolve) => setTimeout(resolve, lookMs))
  }
}

function finish(events: readonly LoggedRolloutEvent[], last: LoggedRolloutEvent): void {
  for (const line of renderRolloutReport(events)) print(line)
  if (last.type !== 'done') {
    throw new UserError(
      'the cluster is not as wanted yet. Put right what is in the way; "gantry up" goes on from there.',
    )
  }
}
