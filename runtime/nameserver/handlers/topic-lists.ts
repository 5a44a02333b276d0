import { encodeJson } from '../../codec/json/write-json.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { allTopics, systemTopics, type TopicList, topicsOfCluster, unitTopics } from '../route-table/topic-lists.ts'
import type { Handlers, Services } from './services.ts'

export function topicLists({ table, live }: Pick<Services, 'table' | 'live'>): Handlers {
  const ifEnabled = (list: () => TopicList): Response => gated(live.conf.enableTopicList, list)
  return [
    [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => gated(live.conf.enableAllTopicList, () => allTopics(table))],
    [
      RequestCode.GET_TOPICS_BY_CLUSTER,
      (request) => ifEnabled(() => topicsOfCluster(table, request.requiredText('cluster'))),
    ],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, () => gated(true, () => systemTopics(table))],
    [RequestCode.GET_UNIT_TOPIC_LIST, () => ifEnabled(() => unitTopics(table, 'unit'))],
    [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, () => ifEnabled(() => unitTopics(table, 'unit sub'))],
    [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, () => ifEnabled(() => unitTopics(table, 'unit sub of no unit'))],
  ]
}

function gated(isEnabled: boolean, list: () => TopicList): Response {
  if (!isEnabled) throw new RequestError(ResponseCode.SYSTEM_ERROR, 'disable')
  const { topicList, brokerAddr } = list()
  return { code: ResponseCode.SUCCESS, body: encodeJson({ topicList: [...topicList], brokerAddr }) }
}
