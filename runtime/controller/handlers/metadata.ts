import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Handlers, Services } from './services.ts'

/** CONTROLLER_GET_METADATA_INFO: who leads, as far as this controller knows. Every controller answers it. */
export function metadata({ consensus, settings }: Pick<Services, 'consensus' | 'settings'>): Handlers {
  return [
    [
      RequestCode.CONTROLLER_GET_METADATA_INFO,
      () => {
        const { leaderId, isLeader, peers, arePeersCommitted } = consensus
        return {
          code: ResponseCode.SUCCESS,
          fields: {
            group: settings.conf.controllerDLegerGroup,
            controllerLeaderId: leaderId,
            controllerLeaderAddress: peers.find((peer) => peer.id === leaderId)?.address,
            isLeader,
            peers: peers.map(({ id, address }) => `${id}:${address};`).join(''),
            // Of our own, and seldom: whoever changes the members waits while it is there.
            peersCommitted: arePeersCommitted ? undefined : false,
          },
        }
      },
    ],
  ]
}
