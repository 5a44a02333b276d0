import { styleText } from 'node:util'
import { joinHostPort } from '../components/plan/address.ts'
import type { Plan, PlannedTopic } from '../components/plan/plan.ts'
import { type PlanNode, roleName } from '../components/plan/plan-node.ts'
import { renderTable } from './text-table.ts'

const heading = (text: string): string => styleText('bold', text)

function nodeRow(node: PlanNode, showEngine: boolean): string[] {
  return [
    node.id,
    ...(showEngine ? [node.engine] : []),
    roleName(node),
    node.host,
    joinHostPort(node.advertisedAddress, node.port),
    node.ports
      .map(({ port }) => port)
      .toSorted((a, b) => a - b)
      .join(' '),
    node.dataDir,
  ]
}

function nodeTable(plan: Plan): string[] {
  const showEngine = plan.nodes.some(({ engine }) => engine !== 'gantry')
  const titles = ['NODE', ...(showEngine ? ['ENGINE'] : []), 'ROLE', 'HOST', 'ADDRESS', 'PORTS', 'FOLDER']
  return renderTable(
    titles.map((title) => ({ title })),
    plan.nodes.map((node) => nodeRow(node, showEngine)),
  )
}

function topicLine(topic: PlannedTopic): string {
  const queues = topic.queues.map(({ group, count }) => `${group}: ${count}`).join(', ')
  return `  ${topic.name}  queues ${queues}  perm ${topic.perm}${topic.order ? '  ordered' : ''}`
}

/** A section with its heading and a blank line before it; nothing when it is empty. */
function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', heading(title), ...lines]
}

/** The plan for a person: nodes, start order, topics and groups, conf files. */
export function renderPlan(plan: Plan): string[] {
  const stages = plan.startOrder.map((stage, index) => `  ${index + 1}. ${stage.join(', ')}`)
  const confFiles = plan.nodes.flatMap(({ confFile }) => [
    `  ${confFile.path}`,
    ...confFile.text
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
  ])
  return [
    heading(`Cluster ${plan.cluster}, NAMESRV_ADDR=${plan.namesrvAddr}`),
    ...section(
      'Notes',
      plan.warnings.map((warning) => `  ${warning}`),
    ),
    ...section('Nodes', nodeTable(plan)),
    ...section('Start order (reverse to stop)', stages),
    ...section('Topics', plan.topics.map(topicLine)),
    ...section(
      'Consumer groups',
      plan.consumerGroups.map((group) => `  ${group.name}${group.orderly ? '  orderly' : ''}`),
    ),
    ...section('Conf files', confFiles),
  ]
}
