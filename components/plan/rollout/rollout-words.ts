import { describeEffect, describeWaits } from './effect-words.ts'
import { originalId, type Rollout, type RolloutAction, type RolloutRefusal, type RolloutStep } from './rollout.ts'

const list = (items: readonly string[]): string => items.join(', ')

/** A node by its id, and one that is on its way out as what it is. */
const nodeName = (id: string): string => (id === originalId(id) ? id : `the former ${originalId(id)}`)

const restartInWords = ({ node, from }: Extract<RolloutAction, { kind: 'restartNode' }>): string => {
  const engine = node.engine === from.engine ? '' : ` with engine ${node.engine}`
  return `restart ${node.id}${engine}`
}

/** What is done, in a few words: `restart broker-a-1`. */
export const describeAction = (action: RolloutAction): string => {
  switch (action.kind) {
    case 'startNode':
      return `start ${action.node.id} on ${action.node.host}`
    case 'restartNode':
      return restartInWords(action)
    case 'stopNode':
      return `stop ${nodeName(action.node.id)}${action.keepData ? ', files stay' : ''}`
    case 'changeLive':
      return `change ${action.node.id} while it runs: ${list(Object.entries(action.settings).map(([key, value]) => `${key}=${value}`))}`
    case 'handOver':
      return `hand over ${action.group} from ${nodeName(action.avoid)} to ${action.preferred.map(nodeName).join(' or ')}`
    case 'pauseWrites':
      return `pause writes to ${action.group}`
    case 'resumeWrites':
      return `resume writes to ${action.group}`
    case 'drainGroup':
      return `drain ${action.group}, for ${action.deadlineMs / 1000} s at most`
    case 'seedGroup':
      return `create topics and consumer groups in ${action.group}`
    case 'addController':
      return `controller ${action.controllerId} (${action.node.id}) joins`
    case 'removeController':
      return `controller ${action.controllerId} (${nodeName(action.node.id)}) leaves`
    case 'forgetReplica':
      return `controllers forget ${nodeName(action.node.id)}`
    case 'awaitClients':
      return 'give clients the time to ask for routes'
    case 'provision':
      return `create ${list([...action.topics, ...action.consumerGroups].map(({ name }) => name))}`
    case 'makeKeys':
      return `give brokers the users of generation ${action.generation}`
    case 'adoptKeys':
      return `sign with the keys of generation ${action.generation}`
    case 'dropKeys':
      return `take the users of generation ${action.generation} away from brokers`
  }
}

const stepLines = (step: RolloutStep, position: number): string[] => {
  const effect = describeEffect(step.effect)
  const waits = describeWaits(step.waits)
  return [
    `${String(position).padStart(3)}. ${describeAction(step.action)}`,
    `     why: ${step.reason}`,
    ...(waits === '' ? [] : [`     then waits until ${waits}`]),
    ...(effect === '' ? [] : [`     clients: ${effect}`]),
  ]
}

const refusalLines = ({ path, reason, allow }: RolloutRefusal): string[] => [
  `  ${path}: ${reason}.`,
  ...(allow === undefined ? [] : [`    To do it all the same: --allow ${allow}`]),
]

/** A rollout in words, for a person who decides about it. */
export const describeRollout = ({ steps, refusals, notes }: Rollout): string[] => {
  const noteLines = notes.map((note) => `note: ${note}`)
  if (refusals.length > 0) return ['Refused, nothing is touched:', ...refusals.flatMap(refusalLines), ...noteLines]
  if (steps.length === 0) return ['Nothing to do: the cluster is as the config says.', ...noteLines]
  const seen = steps.filter(({ effect }) => effect.kind !== 'none')
  const summary =
    seen.length === 0
      ? 'Clients notice nothing.'
      : `Clients notice: ${[...new Set(seen.map(({ effect }) => describeEffect(effect)))].join('; ')}.`
  return [
    `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}, one after the other:`,
    ...steps.flatMap((step, index) => stepLines(step, index + 1)),
    summary,
    ...noteLines,
  ]
}
