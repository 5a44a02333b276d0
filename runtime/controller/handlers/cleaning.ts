import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { CleanBrokerData } from '../state/command.ts'
import { checkIds } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'agreement' | 'state' | 'live' | 'elections' | 'logger'>

/** CLEAN_BROKER_DATA: brokers that will not come back are taken out of the books. */
export function cleaning(services: Needed): Handlers {
  return [[RequestCode.CLEAN_BROKER_DATA, (request, channel) => clean(services, request, channel)]]
}

function clean(
  { agreement, state, live, elections, logger }: Needed,
  request: CommandView,
  channel: Channel,
): Promise<Response> {
  const brokerName = request.requiredText('brokerName')
  const brokerIds = readIds(request.text('brokerControllerIdsToClean') ?? '')
  checkIds(brokerIds)
  const replicas = state.groups.get(brokerName)?.replicas ?? []
  const command: CleanBrokerData = {
    kind: 'cleanBrokerData',
    brokerName,
    brokerIds,
    evenLiving: request.flagField('isCleanLivingBroker') ?? false,
    there: replicas.map((replica) => replica.brokerId).filter((id) => live.lifeOf(brokerName, id) !== 'gone'),
  }
  return agreement.decide(command, ({ code, remark, change }) => {
    logger.info({ brokerName, brokerIds, client: channel.remoteText, change, remark }, 'cleaning asked for')
    if (change === 'brokers cleaned') elections.consider(brokerName, 'brokers were cleaned')
    return { code, remark }
  })
}

/** `1;2`. @throws RequestError with the remark of the original */
function readIds(text: string): number[] {
  const words = text.trim() === '' ? [] : text.split(';')
  return words.map((word) => {
    const id = Number(word)
    if (/^[+-]?\d+$/.test(word) && Number.isSafeInteger(id)) return id
    const remark = `Please set the option <brokerControllerIdsToClean> according to the format, exception: java.lang.NumberFormatException: For input string: "${word}"`
    throw new RequestError(ResponseCode.CONTROLLER_INVALID_CLEAN_BROKER_METADATA, remark)
  })
}
