import { expect, test } from 'vitest'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import { silentLogger } from '../../observe/logger.ts'
import { StoreFixture } from '../../store/testing/store-fixture.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { BrokerStats } from '../stats/broker-stats.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { journaledRegistry } from './journaled-handler.ts'
import { MetadataJournal } from './metadata-journal.ts'

test('a change that the log does not take is not answered with success: a switch would take it back', () => {
  const log = new StoreFixture({})
  const refusing = {
    putAsIs: () => {
      throw new RequestError(ResponseCode.SERVICE_NOT_AVAILABLE, 'this broker is being stopped')
    },
  }
  const journal = new MetadataJournal({
    gate: refusing as unknown as StoreGate,
    targets: new SendTargets(log.store, new BrokerStats('C', () => true, 0)),
    storeHost: Buffer.alloc(8),
    wallClock: () => 0,
    logger: silentLogger,
  })
  const handlers = new Map<number, RequestHandler>()
  const registry = journaledRegistry(
    { handle: (code, handler) => handlers.set(code, handler) },
    journal,
    undefined as unknown as Acknowledgements,
  )
  let isEdited = false
  registry.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, () => {
    if (isEdited) journal.write({ topic: { topicName: 'orders', config: topicConfig('orders'), dataVersion: VERSION } })
    return { code: ResponseCode.SUCCESS }
  })
  const ask = () => handlers.get(RequestCode.UPDATE_AND_CREATE_TOPIC)!({} as CommandView, {} as Channel) as Response
  expect(ask()).toEqual({ code: ResponseCode.SUCCESS })
  isEdited = true
  expect(ask()).toEqual({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'the change is made here, but not confirmed by the replicas (this broker is being stopped): try again',
  })
})

const VERSION = { stateVersion: 0, timestamp: 0, counter: 1 }
