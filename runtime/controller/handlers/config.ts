import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Handlers, Services } from './services.ts'

/** Each controller has a configuration of its own; official tools change one after the other. */
export function config({ settings, logger }: Pick<Services, 'settings' | 'logger'>): Handlers {
  return [
    [RequestCode.GET_CONTROLLER_CONFIG, () => ({ code: ResponseCode.SUCCESS, body: Buffer.from(settings.text()) })],
    [
      RequestCode.UPDATE_CONTROLLER_CONFIG,
      (request, channel) => {
        const { keys, remark } = settings.change(request.body().toString('utf8'))
        logger.info({ keys, client: channel.remoteText }, 'configuration changed')
        return { code: ResponseCode.SUCCESS, remark }
      },
    ],
  ]
}
