import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { topicName } from '../messages/names.ts'
import { OK, ProxyError, refusal } from '../proxy-error.ts'
import type { Resource } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import { checkType } from './send-service.ts'

const TIMEOUT_MS = 2000

/** Takes messages back that wait for their time (source: RecallMessageActivity, ProducerProcessor.recallMessage). */
export class RecallService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf

  constructor(gateway: BrokerGateway, conf: ProxyConf) {
    this.#gateway = gateway
    this.#conf = conf
  }

  async recall(request: { readonly topic: Resource | undefined; readonly recallHandle: string }) {
    const topic = topicName(request.topic)
    if (this.#conf.enableTopicMessageTypeCheck) checkType(await this.#gateway.topicType(topic), 'DELAY')
    const { recallHandle } = request
    const brokerName = brokerOf(recallHandle)
    const address = await this.#gateway.masterOf(brokerName)
    const { code, remark, fields } = await this.#gateway.invoke(
      address,
      { code: RequestCode.RECALL_MESSAGE, fields: { producerGroup: topic, topic, recallHandle, bname: brokerName } },
      TIMEOUT_MS,
    )
    if (code !== ResponseCode.SUCCESS) throw refusal(code, remark)
    return { status: OK, messageId: fields['msgId'] ?? '' }
  }
}

/** A handle is base64url of `v1 topic broker time id` (source: RecallMessageHandle). */
function brokerOf(handle: string): string {
  const parts = Buffer.from(handle, 'base64url').toString().split(' ')
  const [version, , brokerName] = parts
  if (parts.length === 5 && version === 'v1' && brokerName !== undefined && brokerName !== '') return brokerName
  throw new ProxyError(StatusCode.BAD_REQUEST, `"${handle.slice(0, 200)}" is no recall handle of a message`)
}
