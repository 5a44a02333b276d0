import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Handlers, Services } from './services.ts'

export function config({ live, logger }: Pick<Services, 'live' | 'logger'>): Handlers {
  return [
    [RequestCode.GET_NAMESRV_CONFIG, () => ({ code: ResponseCode.SUCCESS, body: Buffer.from(live.text()) })],
    [
      RequestCode.UPDATE_NAMESRV_CONFIG,
      (request, channel) => {
        const { keys, remark } = live.change(request.body().toString('utf8'))
        logger.info({ keys, client: channel.remoteText }, 'configuration changed')
        return { code: ResponseCode.SUCCESS, remark }
      },
    ],
  ]
}
