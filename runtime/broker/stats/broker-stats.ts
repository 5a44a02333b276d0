import { LMQ_PREFIX } from '../../store/consume-queue/topic-map.ts'
import { isLightName } from '../topics/light-names.ts'
import { Traffic, type TrafficField } from './traffic.ts'
import { SAMPLE_INTERVALS_MS, type TrafficReport, TrafficTable } from './traffic-table.ts'

const SPANS = ['minute', 'hour', 'day'] as const

/** Messages in and out since the broker started, and up to the last two midnights: names of code 28. */
export interface DailyTotals {
  readonly msgPutTotalYesterdayMorning: number
  readonly msgPutTotalTodayMorning: number
  readonly msgPutTotalTodayNow: number
  readonly msgGetTotalYesterdayMorning: number
  readonly msgGetTotalTodayMorning: number
  readonly msgGetTotalTodayNow: number
}

/**
 * Counts traffic per topic and per group, under the names of Apache RocketMQ's BrokerStatsManager. The data path adds to
 * the fields of {@link Traffic} objects; rates come from samples that the broker's coarse timer takes.
 */
export class BrokerStats {
  readonly #clusterName: string
  readonly #isSystemTopic: (topic: string) => boolean
  readonly #topicPut = new TrafficTable()
  readonly #groupGet = new TrafficTable()
  readonly #sendBack = new TrafficTable()
  readonly #sendBackToDlq = new TrafficTable()
  /** The whole broker, under the cluster's name; brought up to date when sampled. */
  readonly #broker = { put: new TrafficTable(), get: new TrafficTable() }
  readonly #foldsLight: boolean
  readonly #sampledMs = { minute: 0, hour: 0, day: 0 }
  #lastPutTopic = ''
  #lastPut = new Traffic()
  #day: string
  #putMornings: [yesterday: number, today: number] = [0, 0]
  #getMornings: [yesterday: number, today: number] = [0, 0]

  /** `foldsLight`: light topics and groups are counted together, as there may be very many. */
  constructor(clusterName: string, isSystemTopic: (topic: string) => boolean, nowMs: number, foldsLight = false) {
    this.#foldsLight = foldsLight
    this.#clusterName = clusterName
    this.#isSystemTopic = isSystemTopic
    this.#day = localDay(nowMs)
    for (const span of SPANS) this.#sampledMs[span] = nowMs
  }

  /** Messages were put into a topic: called per message, so the last topic's counters are kept at hand. */
  put(topic: { readonly topicName: string }, _queueId: number, messages: number, bytes: number): void {
    const { topicName } = topic
    if (topicName !== this.#lastPutTopic) {
      this.#lastPut = this.#topicPut.of(topicName)
      this.#lastPutTopic = topicName
    }
    this.#lastPut.messages += messages
    this.#lastPut.bytes += bytes
    this.#lastPut.times++
  }

  /** What goes into a topic. Ask again after the topic was deleted. */
  topicPut(topic: string): Traffic {
    return this.#topicPut.of(this.#counted(topic))
  }

  /** What a group gets of a topic. Ask again after either was deleted. */
  groupGet(topic: string, group: string): Traffic {
    return this.#groupGet.of(`${this.#counted(topic)}@${this.#counted(group)}`)
  }

  /** Messages a group sent back for retry. */
  sendBack(topic: string, group: string): Traffic {
    return this.#sendBack.of(`${this.#counted(topic)}@${this.#counted(group)}`)
  }

  /** Messages a group sent back once too often. */
  sendBackToDlq(topic: string, group: string): Traffic {
    return this.#sendBackToDlq.of(`${this.#counted(group)}@${this.#counted(topic)}`)
  }

  /** The name under which a topic or group is counted. */
  #counted(name: string): string {
    return this.#foldsLight && isLightName(name) ? LMQ_PREFIX : name
  }

  topicPutTps(topic: string): number {
    return this.#topicPut.messagesPerSecond(topic)
  }

  groupGetTps(topic: string, group: string): number {
    return this.#groupGet.messagesPerSecond(`${this.#counted(topic)}@${this.#counted(group)}`)
  }

  /** The answer of VIEW_BROKER_STATS_DATA; undefined for what was never counted. */
  report(statsName: string, key: string): TrafficReport | undefined {
    const item = this.#item(statsName)
    return item?.table.report(key, item.field)
  }

  onTopicDeleted(topic: string): void {
    this.#topicPut.removeWhere((key) => key === topic)
    this.#lastPutTopic = ''
    const ofTopic = (key: string) => key.startsWith(`${topic}@`)
    for (const table of [this.#groupGet, this.#sendBack]) table.removeWhere(ofTopic)
    this.#sendBackToDlq.removeWhere((key) => key.endsWith(`@${topic}`))
  }

  onGroupDeleted(group: string): void {
    const ofGroup = (key: string) => key.endsWith(`@${group}`)
    for (const table of [this.#groupGet, this.#sendBack]) table.removeWhere(ofGroup)
    this.#sendBackToDlq.removeWhere((key) => key.startsWith(`${group}@`))
  }

  /** Takes the samples that are due. Called every second or so. */
  tick(nowMs: number): void {
    for (const span of SPANS) {
      if (nowMs - this.#sampledMs[span] < SAMPLE_INTERVALS_MS[span]) continue
      this.#sampledMs[span] = nowMs
      this.#countBroker()
      const tables = [this.#topicPut, this.#groupGet, this.#sendBack, this.#sendBackToDlq]
      for (const table of [...tables, this.#broker.put, this.#broker.get]) table.sample(span, nowMs)
    }
    const day = localDay(nowMs)
    if (day === this.#day) return
    this.#day = day
    this.#putMornings = [this.#putMornings[1], this.#putTotal(false)]
    this.#getMornings = [this.#getMornings[1], this.#getTotal(false)]
  }

  /** Totals leave system topics out. */
  dailyTotals(): DailyTotals {
    return {
      msgPutTotalYesterdayMorning: this.#putMornings[0],
      msgPutTotalTodayMorning: this.#putMornings[1],
      msgPutTotalTodayNow: this.#putTotal(false),
      msgGetTotalYesterdayMorning: this.#getMornings[0],
      msgGetTotalTodayMorning: this.#getMornings[1],
      msgGetTotalTodayNow: this.#getTotal(false),
    }
  }

  #putTotal(withSystemTopics: boolean): number {
    return this.#topicPut.totalMessages((topic) => withSystemTopics || !this.#isSystemTopic(topic))
  }

  #getTotal(withSystemTopics: boolean): number {
    return this.#groupGet.totalMessages(
      (key) => withSystemTopics || !this.#isSystemTopic(key.slice(0, key.indexOf('@'))),
    )
  }

  #countBroker(): void {
    this.#broker.put.of(this.#clusterName).messages = this.#putTotal(true)
    this.#broker.get.of(this.#clusterName).messages = this.#getTotal(true)
  }

  #item(statsName: string): { table: TrafficTable; field: TrafficField } | undefined {
    switch (statsName) {
      case 'TOPIC_PUT_NUMS':
        return { table: this.#topicPut, field: 'messages' }
      case 'TOPIC_PUT_SIZE':
        return { table: this.#topicPut, field: 'bytes' }
      case 'GROUP_GET_NUMS':
        return { table: this.#groupGet, field: 'messages' }
      case 'GROUP_GET_SIZE':
        return { table: this.#groupGet, field: 'bytes' }
      case 'SNDBCK_PUT_NUMS':
        return { table: this.#sendBack, field: 'messages' }
      case 'SNDBCK2DLQ_TIMES':
        return { table: this.#sendBackToDlq, field: 'messages' }
      case 'BROKER_PUT_NUMS':
        return { table: this.#broker.put, field: 'messages' }
      case 'BROKER_GET_NUMS':
        return { table: this.#broker.get, field: 'messages' }
      default:
        return undefined
    }
  }
}

/** The date where the broker runs: days begin at its midnight. */
function localDay(nowMs: number): string {
  const date = new Date(nowMs)
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`
}
