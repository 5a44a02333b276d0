import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import type { TopicRouteData } from '../../codec/route/route-data.ts'
import { type ProxyConf, parseProxyConf } from '../../config/proxy-conf.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../brokers/group-settings.ts'
import type { TopicType } from '../brokers/message-type.ts'
import { RouteView } from '../brokers/route-view.ts'
import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

export interface Asked {
  readonly address: string
  readonly code: number
  readonly fields: Record<string, string>
  readonly body: Uint8Array | undefined
  readonly isOneway: boolean
}

/** Brokers a and b with two queues each of every topic that is in `types`, which answer what a test says. */
export class FakeGateway implements BrokerGateway {
  readonly asked: Asked[] = []
  readonly types = new Map<string, TopicType>([['T', 'NORMAL']])
  readonly groups = new Map<string, GroupSettings>([['G', DEFAULT_GROUP_SETTINGS]])
  answer: (asked: Asked) => Partial<RemotingCommand> = () => ({ code: 0 })

  route(topic: string): RouteView {
    if (this.types.has(topic) || topic === 'Cluster') return new RouteView(ROUTE)
    throw new ProxyError(StatusCode.TOPIC_NOT_FOUND, `No topic route info in name server for the topic: ${topic}`)
  }

  topicType(topic: string): TopicType {
    return this.types.get(topic) ?? 'UNSPECIFIED'
  }

  group(group: string): GroupSettings | undefined {
    return this.groups.get(group)
  }

  masterOf(brokerName: string): string {
    const address = new RouteView(ROUTE).masterOf(brokerName)
    if (address !== undefined) return address
    throw new ProxyError(StatusCode.TOPIC_NOT_FOUND, `no broker ${brokerName}`)
  }

  async invoke(address: string, request: RequestDraft): Promise<RemotingCommand> {
    return {
      ...{ code: 0, language: 'JAVA', version: 0, opaque: 0, flag: 1, serializeType: 0, remark: undefined },
      ...{ fields: {}, body: undefined },
      ...this.answer(this.#note(address, request, false)),
    }
  }

  async sendOneway(address: string, request: RequestDraft): Promise<void> {
    this.#note(address, request, true)
  }

  #note(address: string, { code, fields = {}, body }: RequestDraft, isOneway: boolean): Asked {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined)
    const texts = Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
    const asked = { address, code, fields: texts, body, isOneway }
    this.asked.push(asked)
    return asked
  }
}

const queue = (brokerName: string) => ({
  ...{ brokerName, perm: 6, readQueueNums: 2, writeQueueNums: 2, topicSysFlag: 0 },
})

const broker = (brokerName: string, address: string) => ({
  ...{ brokerName, cluster: 'Cluster', brokerAddrs: new Map([[0, address]]), enableActingMaster: false },
  zoneName: undefined,
})

const ROUTE: TopicRouteData = {
  brokerDatas: [broker('b', '10.0.0.2:10911'), broker('a', '10.0.0.1:10911')],
  queueDatas: [queue('b'), queue('a')],
  filterServerTable: new Map(),
  orderTopicConf: undefined,
  topicQueueMappingByBroker: undefined,
}

export function proxyConf(settings: Record<string, unknown> = {}): ProxyConf {
  const env = {
    ...{ home: '/home/u', rocketmqHome: undefined, namesrvAddr: '127.0.0.1:9876', hostName: 'h' },
    ...{ localAddress: '10.0.0.9', processors: 2, workingFolder: '/' },
  }
  const result = parseProxyConf(JSON.stringify(settings), 'test', env)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return result.conf
}
