import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { parseProperties } from '../../config/properties-file.ts'
import type { Handlers, Services } from './services.ts'

export function config({ live, logger }: Pick<Services, 'live' | 'logger'>): Handlers {
  return [
    [RequestCode.GET_NAMESRV_CONFIG, () => ({ code: ResponseCode.SUCCESS, body: Buffer.from(live.text()) })],
    [
      RequestCode.UPDATE_NAMESRV_CONFIG,
      (request, channel) => {
        const { entries, faults } = parseProperties(request.body().toString('utf8'))
        const [fault] = faults
        if (fault) {
          throw new RequestError(
            ResponseCode.SYSTEM_ERROR,
            `string2Properties error: line ${fault.line}: ${fault.message}`,
          )
        }
        const changes = new Map(entries.map(({ key, value }) => [key, value]))
        const remark = changes.size === 0 ? undefined : live.change(changes)
        logger.info({ keys: [...changes.keys()], client: channel.remoteText }, 'configuration changed')
        return { code: ResponseCode.SUCCESS, remark }
      },
    ],
  ]
}
