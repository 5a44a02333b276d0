import { join, resolve } from 'node:path'
import {
  asObject,
  integerField,
  JsonFieldError,
  objectField,
  textField,
  textListField,
} from '../../codec/json/json-fields.ts'
import { JsonSyntaxError, parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { readMappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import { checkWhole } from '../../codec/static-topic/topic-mapping.ts'
import { AdminError } from '../admin-error.ts'
import type { CommandContext } from '../command.ts'
import type { MappingPlan } from './mapping-plan.ts'

/** Writes what was (`before`) or what is to be (`after`); returns the file's name. */
export function saveMapping(context: CommandContext, plan: MappingPlan, when: 'before' | 'after'): string {
  const path = join(context.temporaryFolder, `${plan.topic}-${plan.epoch}.${when}`)
  context.writePrivateFile(path, encodeJson(plan))
  return path
}

/** The mapping in a file that {@link saveMapping} or the official tool wrote. @throws AdminError, MappingError */
export function readMapping(context: CommandContext, topic: string, name: string): MappingPlan {
  const path = resolve(context.workingFolder, name)
  if (context.disk.stat(path) === undefined) throw new AdminError(`-mf is ${name}: there is no file ${path}`)
  try {
    const object = asObject(parseJsonBytes(context.disk.readFile(path)), 'mapping')
    const brokers = Object.entries(objectField(object, 'brokerConfigMap') ?? {})
    const plan: MappingPlan = {
      topic,
      type: textField(object, 'type') === 'REMAPPING' ? 'REMAPPING' : 'CREATE_OR_UPDATE',
      epoch: integerField(object, 'epoch') ?? 0,
      brokerConfigMap: new Map(brokers.map(([broker, config]) => [broker, readMappedTopic(config)])),
      brokerToMapIn: textListField(object, 'brokerToMapIn') ?? [],
      brokerToMapOut: textListField(object, 'brokerToMapOut') ?? [],
    }
    checkWhole(topic, plan.brokerConfigMap)
    return plan
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    throw new AdminError(`-mf is ${name}: ${error.message}`, { cause: error })
  }
}
