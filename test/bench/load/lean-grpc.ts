import { ProtoReader } from '../../../runtime/codec/protobuf/proto-reader.ts'
import type { SettingsDraft } from '../../../runtime/proxy/wire/definition.ts'
import { TelemetryCommand } from '../../../runtime/proxy/wire/service.ts'
import { callFrames } from './http2-frames.ts'
import { LeanHttp2 } from './lean-http2.ts'

export const OK = 20_000
const TELEMETRY = -1

interface Listener {
  message(tag: number, bytes: Buffer, start: number, end: number): void
  ended(tag: number): void
}

/** Connects, tells the proxy who this is, as every client of gRPC does, and calls `onReady` when that was answered. */
export function connectGrpc(port: number, settings: SettingsDraft, onReady: () => void, listener: Listener): LeanHttp2 {
  let isReady = false
  const connection = new LeanHttp2(
    port,
    () => {
      const command = TelemetryCommand.encode({ settings })
      connection.call(callFrames('Telemetry', command, { isFirst: true, staysOpen: true }), TELEMETRY)
    },
    {
      message: (tag, bytes, start, end) => {
        if (tag !== TELEMETRY) listener.message(tag, bytes, start, end)
        else if (!isReady) {
          isReady = true
          onReady()
        }
      },
      ended: (tag) => {
        if (tag !== TELEMETRY) return listener.ended(tag)
        console.error('the proxy ended the telemetry of this client')
        process.exit(1)
      },
    },
  )
  return connection
}

const reader = new ProtoReader()

/** Goes into field `number`, a message or a text, of a message: start and end, or undefined without it. */
export function fieldOf(bytes: Buffer, start: number, end: number, number: number): [number, number] | undefined {
  reader.set(bytes, start, end)
  while (reader.at < end) {
    const tag = reader.varint32()
    if (tag >>> 3 === number) {
      const fieldEnd = reader.delimitedEnd()
      return [reader.at, fieldEnd]
    }
    reader.skip(tag & 7)
  }
  return undefined
}

/** The code of the Status that stands in field 1 of every answer; undefined where there is none. */
export function codeOf(bytes: Buffer, start: number, end: number): number | undefined {
  const status = fieldOf(bytes, start, end, 1)
  if (status === undefined) return undefined
  reader.set(bytes, ...status)
  return reader.varint32() === 8 ? reader.varint32() : 0
}
