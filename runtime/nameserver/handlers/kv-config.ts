import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { ORDER_TOPIC_CONFIG } from '../kv-config.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'kv' | 'routes' | 'logger'>

export function kvConfig(services: Needed): Handlers {
  const { kv } = services
  return [
    [
      RequestCode.PUT_KV_CONFIG,
      (request) => {
        const namespace = request.requiredText('namespace')
        const key = request.requiredText('key')
        const value = request.requiredText('value')
        return change(services, namespace, () => kv.put(namespace, key, value))
      },
    ],
    [
      RequestCode.DELETE_KV_CONFIG,
      (request) => {
        const namespace = request.requiredText('namespace')
        const key = request.requiredText('key')
        return change(services, namespace, () => kv.delete(namespace, key))
      },
    ],
    [
      RequestCode.GET_KV_CONFIG,
      (request) => {
        const namespace = request.requiredText('namespace')
        const key = request.requiredText('key')
        const value = kv.get(namespace, key)
        if (value === undefined) throw notFound(`No config item, Namespace: ${namespace} Key: ${key}`)
        return { code: ResponseCode.SUCCESS, fields: { value } }
      },
    ],
    [
      RequestCode.GET_KVLIST_BY_NAMESPACE,
      (request) => {
        const namespace = request.requiredText('namespace')
        const body = kv.encodeNamespace(namespace)
        if (!body) throw notFound(`No config item, Namespace: ${namespace}`)
        return { code: ResponseCode.SUCCESS, body }
      },
    ],
  ]
}

/** Apache RocketMQ answers success even when the file could not be written, and forgets the change at the next start. */
function change({ routes, logger }: Needed, namespace: string, run: () => void): Response {
  try {
    run()
  } catch (error) {
    logger.error({ namespace, err: error }, 'cannot save the key-value configuration')
    const remark = `cannot save the key-value configuration: ${(error as Error).message}`
    throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
  }
  if (namespace === ORDER_TOPIC_CONFIG) routes.clear()
  return { code: ResponseCode.SUCCESS }
}

function notFound(remark: string): RequestError {
  return new RequestError(ResponseCode.QUERY_NOT_FOUND, remark)
}
