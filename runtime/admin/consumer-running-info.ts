import {
  asObject,
  booleanField,
  integerField,
  listField,
  numberField,
  objectField,
  textField,
} from '../codec/json/json-fields.ts'
import type { JsonObject } from '../codec/json/json-value.ts'
import { compactTime } from './java-text.ts'
import { compareTexts, queueEntries, queueText } from './message-queue.ts'
import { heading, row } from './table.ts'

/** The report of a consumer on itself, in the sections of the official tool. */
export function runningInfoText(info: JsonObject): string {
  const sections = [propertiesText(info), subscriptionsText(info), offsetsText(info), queuesText(info)]
  sections.push(popQueuesText(info), ratesText(info))
  const user = objectField(info, 'userConsumerInfo')
  if (user) sections.push(`#User Consume Info#\n${namedLines(user)}`)
  const jstack = textField(info, 'jstack')
  if (jstack !== undefined) sections.push(`#Consumer jstack#\n${jstack}`)
  return sections.join('\n\n')
}

function namedLines(table: JsonObject): string {
  const names = Object.keys(table).sort(compareTexts)
  return names.map((name) => row('%-40s: %s%n', name, textField(table, name))).join('')
}

function propertiesText(info: JsonObject): string {
  return `#Consumer Properties#\n${namedLines(objectField(info, 'properties') ?? {})}`
}

function subscriptionsOf(info: JsonObject): JsonObject[] {
  const subscriptions = (listField(info, 'subscriptionSet') ?? []).map((value) => asObject(value, 'subscription'))
  return subscriptions.sort((a, b) => compareTexts(keyOf(a), keyOf(b)))
}

function keyOf(subscription: JsonObject): string {
  return `${textField(subscription, 'topic')}@${textField(subscription, 'subString')}`
}

function subscriptionsText(info: JsonObject): string {
  const lines = subscriptionsOf(info).map((data, index) =>
    row(
      '%03d Topic: %-40s ClassFilter: %-8s SubExpression: %s%n',
      index + 1,
      textField(data, 'topic'),
      booleanField(data, 'classFilterMode') ?? false,
      textField(data, 'subString'),
    ),
  )
  return `#Consumer Subscription#\n${lines.join('')}`
}

function offsetsText(info: JsonObject): string {
  const lines = queueEntries(objectField(info, 'mqTable')).map(([queue, value]) => {
    const offset = integerField(asObject(value, 'process queue'), 'commitOffset') ?? 0
    return row('%-32s  %-32s  %-4d  %-20d%n', queue.topic, queue.brokerName, queue.queueId, offset)
  })
  const titles = row('%-64s  %-32s  %-4s  %-20s%n', '#Topic', '#Broker Name', '#QID', '#Consumer Offset')
  return `#Consumer Offset#\n${titles}${lines.join('')}`
}

function queuesText(info: JsonObject): string {
  const lines = queueEntries(objectField(info, 'mqTable')).map(([queue, value]) =>
    row(
      '%-64s  %-32s  %-4d  %s%n',
      queue.topic,
      queue.brokerName,
      queue.queueId,
      processQueueText(asObject(value, 'queue')),
    ),
  )
  const titles = row('%-64s  %-32s  %-4s  %-20s%n', '#Topic', '#Broker Name', '#QID', '#ProcessQueueInfo')
  return `#Consumer MQ Detail#\n${titles}${lines.join('')}`
}

function processQueueText(queue: JsonObject): string {
  const number = (name: string) => integerField(queue, name) ?? 0
  const flag = (name: string) => booleanField(queue, name) ?? false
  const time = (name: string) => compactTime(number(name))
  const numbers = [
    'commitOffset',
    'cachedMsgMinOffset',
    'cachedMsgMaxOffset',
    'cachedMsgCount',
    'cachedMsgSizeInMiB',
    'transactionMsgMinOffset',
    'transactionMsgMaxOffset',
    'transactionMsgCount',
  ].map((name) => `${name}=${number(name)}`)
  return (
    `ProcessQueueInfo [${numbers.join(', ')}, locked=${flag('locked')}, tryUnlockTimes=${number('tryUnlockTimes')}, ` +
    `lastLockTimestamp=${time('lastLockTimestamp')}, droped=${flag('droped')}, ` +
    `lastPullTimestamp=${time('lastPullTimestamp')}, lastConsumeTimestamp=${time('lastConsumeTimestamp')}]`
  )
}

function popQueuesText(info: JsonObject): string {
  const format = '%-32s  %-32s  %-4d  %s%n'
  const lines = queueEntries(objectField(info, 'mqPopTable')).map(([queue, value]) => {
    const pop = asObject(value, 'pop queue')
    const text = `PopProcessQueueInfo [waitAckCount:${integerField(pop, 'waitAckCount') ?? 0}, droped:${booleanField(pop, 'droped') ?? false}, lastPopTimestamp:${integerField(pop, 'lastPopTimestamp') ?? 0}]`
    return row(format, queue.topic, queue.brokerName, queue.queueId, text)
  })
  const titles = row('%-32s  %-32s  %-4s  %-20s%n', '#Topic', '#Broker Name', '#QID', '#ProcessQueueInfo')
  return `#Consumer Pop Detail#\n${titles}${lines.join('')}`
}

const RATES = '%-32s  %14.2f %14.2f %14.2f %14.2f %18.2f %25d%n'
const RATE_TITLES = '%-64s  %14s %14s %14s %14s %18s %25s%n'

function ratesText(info: JsonObject): string {
  const table = objectField(info, 'statusTable') ?? {}
  const lines = Object.keys(table)
    .sort(compareTexts)
    .map((topic) => {
      const status = asObject(table[topic], topic)
      const rates = ['pullRT', 'pullTPS', 'consumeRT', 'consumeOKTPS', 'consumeFailedTPS'].map(
        (name) => numberField(status, name) ?? 0,
      )
      return row(RATES, topic, ...rates, integerField(status, 'consumeFailedMsgs') ?? 0)
    })
  const titles = [
    '#Topic',
    '#Pull RT',
    '#Pull TPS',
    '#Consume RT',
    '#ConsumeOK TPS',
    '#ConsumeFailed TPS',
    '#ConsumeFailedMsgsInHour',
  ]
  return `#Consumer RT&TPS#\n${heading(RATE_TITLES, ...titles)}${lines.join('')}`
}

function property(info: JsonObject, name: string): string | undefined {
  return textField(objectField(info, 'properties') ?? {}, name)
}

const SETTLED_AFTER_MS = 120_000

/** Whether all push consumers subscribe to the same; young ones may still be changing. */
export function sameSubscriptions(infos: readonly JsonObject[], nowMs: number): boolean {
  const [first] = infos
  if (!first || property(first, 'PROP_CONSUME_TYPE') !== 'CONSUME_PASSIVELY') return true
  if (nowMs - Number(property(first, 'PROP_CONSUMER_START_TIMESTAMP') ?? nowMs) <= SETTLED_AFTER_MS) return true
  const texts = infos.map((info) => subscriptionsOf(info).map(keyOf).join('\n'))
  return texts.every((text) => text === texts[0])
}

const BLOCKED_AFTER_MS = 60_000

/** Queues of a push consumer that stand still although messages wait. */
export function processQueueWarnings(clientId: string, info: JsonObject, nowMs: number): string {
  if (property(info, 'PROP_CONSUME_TYPE') !== 'CONSUME_PASSIVELY') return ''
  const isOrdered = property(info, 'PROP_CONSUMEORDERLY') === 'true'
  let text = ''
  for (const [queue, value] of queueEntries(objectField(info, 'mqTable'))) {
    const state = asObject(value, 'process queue')
    const number = (name: string) => integerField(state, name) ?? 0
    const who = `${clientId} ${queueText(queue)}`
    if (isOrdered) {
      if (!booleanField(state, 'locked'))
        text += `${who} can't lock for a while, ${nowMs - number('lastLockTimestamp')}ms\n`
      if (booleanField(state, 'droped') && number('tryUnlockTimes') > 0) {
        text += `${who} unlock ${number('tryUnlockTimes')} times, still failed\n`
      }
    } else {
      const idleMs = nowMs - number('lastConsumeTimestamp')
      if (idleMs > BLOCKED_AFTER_MS && number('cachedMsgCount') > 0) {
        text += `${who} can't consume for a while, maybe blocked, ${idleMs}ms\n`
      }
    }
  }
  return text
}
