import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { wrongAddress } from '../../config/host-port.ts'
import type { Channel } from '../../net/channel.ts'
import type { ConsensusError } from '../../raft/consensus.ts'
import { boundedText } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'consensus' | 'agreement' | 'logger'>

/**
 * CHANGE_CONTROLLERS, a request of our own: a controller joins the others (`add`) or leaves them (`remove`), or takes the
 * lead (`lead`). Answered when it is done.
 */
export function members(services: Needed): Handlers {
  return [[RequestCode.CHANGE_CONTROLLERS, (request, channel) => change(services, request, channel)]]
}

function change({ consensus, agreement, logger }: Needed, request: CommandView, channel: Channel): Promise<Response> {
  const kind = request.requiredText('change')
  const id = boundedText(request, 'controllerId')
  const line = { change: kind, id, address: request.text('controllerAddress'), client: channel.remoteText }
  return new Promise((resolve) => {
    const done = (error: ConsensusError | null): void => {
      logger.info({ ...line, error: error?.message, controllers: consensus.peers }, 'change of the controllers')
      resolve(error ? agreement.refusal(error) : { code: ResponseCode.SUCCESS })
    }
    if (kind === 'add') consensus.changeMembers({ kind, peer: { id, address: readAddress(request) } }, done)
    else if (kind === 'remove') consensus.changeMembers({ kind, id }, done)
    else if (kind === 'lead') consensus.transferLeadership(id, done)
    else throw invalid(`the custom field <change> is ${kind}: add, remove or lead is expected`)
  })
}

function readAddress(request: CommandView): string {
  const address = boundedText(request, 'controllerAddress')
  if (wrongAddress([address]) === undefined) return address
  throw invalid(`the custom field <controllerAddress> is ${address}: host:port with a port from 1 to 65535 is expected`)
}

function invalid(remark: string): RequestError {
  return new RequestError(ResponseCode.CONTROLLER_INVALID_REQUEST, remark)
}
