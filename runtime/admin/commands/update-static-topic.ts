import { MappingError } from '../../codec/static-topic/mapping-checks.ts'
import { checkAgreement } from '../../codec/static-topic/topic-mapping.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { tellAll, topicOnAll, withOtherBrokers } from '../static-topics/mapping-brokers.ts'
import { readMapping, saveMapping } from '../static-topics/mapping-file.ts'
import { type MappingPlan, planQueues } from '../static-topics/mapping-plan.ts'
import { TARGET_OPTIONS, targetBrokers } from '../static-topics/target-brokers.ts'

export const command: AdminCommand = {
  name: 'updateStaticTopic',
  summary: 'Update or create static topic, which has fixed number of queues.',
  options: [
    ...TARGET_OPTIONS,
    required('qn', 'totalQueueNum', 'total queue num'),
    value('mf', 'mapFile', 'The mapping data file name'),
    value('fr', 'forceReplace', 'Force replace the old mapping'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    try {
      const file = context.options.text('mf')
      const topic = context.options.required('t')
      const plan = file === undefined ? await planned(context, topic) : readMapping(context, topic, file)
      await tellAll(context.client, withOtherBrokers(plan, await context.client.clusterInfo()))
    } catch (error) {
      throw error instanceof MappingError ? new AdminError(error.message, { cause: error }) : error
    }
  },
}

async function planned(context: CommandContext, topic: string): Promise<MappingPlan> {
  const { client, clock, random, print } = context
  const queueNums = context.options.integer('qn')!
  const targets = targetBrokers(context, await client.clusterInfo())
  const now = await topicOnAll(client, topic)
  const nowMs = clock.now()
  const epoch = checkAgreement(topic, now)?.epoch ?? nowMs
  const nothing = { brokerToMapIn: [], brokerToMapOut: [] }
  const before: MappingPlan = { topic, type: 'CREATE_OR_UPDATE', epoch, brokerConfigMap: now, ...nothing }
  print(`The old mapping data is written to file ${saveMapping(context, before, 'before')}\n`)
  const plan = planQueues(topic, queueNums, new Set([...targets, ...now.keys()]), now, nowMs, random)
  print(`The new mapping data is written to file ${saveMapping(context, plan, 'after')}\n`)
  return plan
}
