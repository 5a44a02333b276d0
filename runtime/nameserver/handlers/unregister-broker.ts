import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Handlers, Services } from './services.ts'

export function unregisterBroker({ departures }: Pick<Services, 'departures'>): Handlers {
  return [
    [
      RequestCode.UNREGISTER_BROKER,
      (request) => {
        const isTaken = departures.offer({
          cluster: request.requiredText('clusterName'),
          address: request.requiredText('brokerAddr'),
          brokerName: request.requiredText('brokerName'),
          brokerId: request.requiredInteger('brokerId'),
          wasAsked: true,
        })
        if (!isTaken) {
          throw new RequestError(ResponseCode.SYSTEM_ERROR, 'too many brokers unregister at once, try again')
        }
        return { code: ResponseCode.SUCCESS }
      },
    ],
  ]
}
