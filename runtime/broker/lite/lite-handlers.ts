import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { Lite } from './lite.ts'

/** Requests of consumers of lite topics; their acks come with those of other messages. */
export function registerLiteHandlers(server: HandlerRegistry, lite: Lite): void {
  server.handle(RequestCode.POP_LITE_MESSAGE, (request, channel) => lite.pops.handle(request, channel))
  server.handle(RequestCode.LITE_SUBSCRIPTION_CTL, (request, channel) => lite.control.handle(request, channel))
}
