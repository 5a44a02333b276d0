import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { METADATA_CHANGES } from './metadata-changes.ts'
import type { MetadataJournal } from './metadata-journal.ts'

/** A registry whose handlers of changes answer when the change is as safe as a message would be. */
export function journaledRegistry(
  server: HandlerRegistry,
  journal: MetadataJournal,
  acks: Acknowledgements,
): HandlerRegistry {
  return {
    handle: (code, handler) =>
      server.handle(code, METADATA_CHANGES.has(code) ? journaled(handler, journal, acks) : handler),
  }
}

function journaled(handler: RequestHandler, journal: MetadataJournal, acks: Acknowledgements): RequestHandler {
  return (request, channel) => {
    const { endOffset: before, refusedCount } = journal
    const response = handler(request, channel)
    if (response === undefined || response instanceof Promise || response.code !== ResponseCode.SUCCESS) return response
    if (journal.refusedCount > refusedCount)
      return { code: ResponseCode.SYSTEM_ERROR, remark: notSafe(journal.refusal) }
    return journal.endOffset === before ? response : onceAcknowledged(response, journal.endOffset, acks)
  }
}

function onceAcknowledged(response: Response, endOffset: number, acks: Acknowledgements): Promise<Response> {
  return new Promise((resolve) => {
    acks.addLate(acks.ringFor(true), endOffset, {
      complete: (code, remark) => {
        if (code === ResponseCode.SUCCESS) resolve(response)
        else resolve({ code: ResponseCode.SYSTEM_ERROR, remark: notYet(code, remark) })
      },
    })
  })
}

const notYet = (code: number, remark: string | undefined): string => notSafe(remark ?? responseCodeName(code))

const notSafe = (reason: string): string =>
  `the change is made here, but not confirmed by the replicas (${reason}): try again`
