import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import protobuf, { type Struct } from 'google-protobuf/google/protobuf/struct_pb.js'
import type { Properties } from './values.ts'

/** The SDK's folder: its programs are started from there, as the real engine does. */
export const sdkFolder = dirname(createRequire(import.meta.url).resolve('@pulumi/pulumi/package.json'))
export const runProgramFile = join(sdkFolder, 'cmd/run/index.js')
export const dynamicProviderFile = join(sdkFolder, 'cmd/dynamic-provider/index.js')

/** No limit: states of many resources are long. */
export const messageSizes = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

type JavaScriptValue = Parameters<typeof protobuf.Struct.fromJavaScript>[0]

export const toStruct = (properties: Properties): Struct =>
  protobuf.Struct.fromJavaScript(properties as JavaScriptValue)
export const fromStruct = (struct: Struct | undefined): Properties => (struct?.toJavaScript() ?? {}) as Properties

/** Answers a unary call with what the promise gives; an error's message is what the caller sees. */
export function answer<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }),
      )
  }
}

/** A service that does what is given and says of the rest that it does not. */
export function service(
  definition: grpc.ServiceDefinition,
  handlers: Readonly<Record<string, grpc.UntypedHandleCall>>,
): grpc.UntypedServiceImplementation {
  const refuse =
    (name: string): grpc.handleUnaryCall<unknown, unknown> =>
    (_, callback) =>
      callback({ code: grpc.status.UNIMPLEMENTED, details: `this engine does not do ${name}` })
  return Object.fromEntries(Object.keys(definition).map((name) => [name, handlers[name] ?? refuse(name)]))
}
