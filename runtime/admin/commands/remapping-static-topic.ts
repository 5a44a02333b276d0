import { MappingError } from '../../codec/static-topic/mapping-checks.ts'
import { checkAgreement } from '../../codec/static-topic/topic-mapping.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, value } from '../command.ts'
import { masterOf, moveQueues, topicOnAll, withOtherBrokers } from '../static-topics/mapping-brokers.ts'
import { readMapping, saveMapping } from '../static-topics/mapping-file.ts'
import { type MappingPlan, planRemapping } from '../static-topics/mapping-plan.ts'
import { TARGET_OPTIONS, targetBrokers } from '../static-topics/target-brokers.ts'

export const command: AdminCommand = {
  name: 'remappingStaticTopic',
  summary: 'Remapping static topic.',
  options: [
    ...TARGET_OPTIONS,
    value('mf', 'mapFile', 'The mapping data file name '),
    value('fr', 'forceReplace', 'Force replace the old mapping'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const { client, options } = context
    try {
      const file = options.text('mf')
      const topic = options.required('t')
      const plan = file === undefined ? await planned(context, topic) : readMapping(context, topic, file)
      const isForced = file !== undefined && options.boolean('fr') === true
      await moveQueues(client, withOtherBrokers(plan, await client.clusterInfo()), isForced)
    } catch (error) {
      throw error instanceof MappingError ? new AdminError(error.message, { cause: error }) : error
    }
  },
}

async function planned(context: CommandContext, topic: string): Promise<MappingPlan> {
  const { client, clock, random, print } = context
  const info = await client.clusterInfo()
  const targets = targetBrokers(context, info)
  for (const broker of targets) masterOf(broker, info.brokers)
  const now = await topicOnAll(client, topic)
  const agreed = checkAgreement(topic, now)
  if (agreed === undefined) throw new AdminError('No topic route to do the remapping')
  const { epoch } = agreed
  const nothing = { brokerToMapIn: [], brokerToMapOut: [] }
  const before: MappingPlan = { topic, type: 'CREATE_OR_UPDATE', epoch, brokerConfigMap: now, ...nothing }
  // The official tool calls both files old.
  print(`The old mapping data is written to file ${saveMapping(context, before, 'before')}\n`)
  const plan = planRemapping(topic, now, targets, clock.now(), random)
  print(`The old mapping data is written to file ${saveMapping(context, plan, 'after')}\n`)
  return plan
}
