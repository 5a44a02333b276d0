import { viewOf } from '../bytes.ts'
import { CommandView } from './command-view.ts'
import { FLAG_ONEWAY, FLAG_RESPONSE, FRAME_PREFIX_BYTES, MalformedFrameError, SerializeType } from './frame.ts'
import { languageByte } from './language-code.ts'
import { CURRENT_VERSION } from './protocol-version.ts'

/** A request or response as an object of its own: for the control plane. The data path uses {@link CommandView}. */
export interface RemotingCommand {
  readonly code: number
  readonly language: string
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly serializeType: SerializeType
  readonly remark: string | undefined
  /** extFields. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

/** What a caller says of a request; the rest is filled in. */
export interface RequestDraft {
  readonly code: number
  readonly fields?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: Uint8Array | undefined
  readonly serializeType?: SerializeType
  /** Somebody else's request, with its signature: never signed anew, that would lend it the rights of this process. */
  readonly isPassedOn?: boolean
  /** Of the client whose request is passed on; left out: this process. */
  readonly language?: string
  readonly version?: number
}

/** What a handler says of a response. */
export interface Response {
  readonly code: number
  readonly remark?: string | undefined
  readonly fields?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  readonly body?: Uint8Array | undefined
}

/** As official servers do: clients look up the enum constant by name, and every one of them knows this one. */
const OWN_LANGUAGE = 'JAVA'
const MAX_BINARY_CODE = 0x7fff

export function requestCommand(draft: RequestDraft, opaque: number, oneway: boolean): RemotingCommand {
  return {
    code: draft.code,
    language: draft.language ?? OWN_LANGUAGE,
    version: draft.version ?? CURRENT_VERSION,
    opaque,
    flag: oneway ? FLAG_ONEWAY : 0,
    serializeType: draft.serializeType ?? SerializeType.JSON,
    remark: undefined,
    fields: textFields(draft.fields),
    body: asBuffer(draft.body),
  }
}

export function responseCommand(response: Response, opaque: number, serializeType: SerializeType): RemotingCommand {
  return {
    code: response.code,
    language: OWN_LANGUAGE,
    version: CURRENT_VERSION,
    opaque,
    flag: FLAG_RESPONSE,
    serializeType,
    remark: response.remark,
    fields: textFields(response.fields),
    body: asBuffer(response.body),
  }
}

/** Undefined fields are left out, everything else is sent as text. */
function textFields(fields: RequestDraft['fields']): Record<string, string> {
  const out: Record<string, string> = {}
  if (!fields) return out
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) out[key] = String(value)
  }
  return out
}

function asBuffer(body: Uint8Array | undefined): Buffer | undefined {
  if (!body || body.length === 0) return undefined
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/** The whole frame (layout: frame.ts). */
export function encodeCommand(command: RemotingCommand): Buffer {
  const header = encodeHeader(command)
  const bodyLength = command.body?.length ?? 0
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + header.length + bodyLength)
  frame.writeInt32BE(4 + header.length + bodyLength, 0)
  frame.writeInt32BE((command.serializeType << 24) | header.length, 4)
  header.copy(frame, FRAME_PREFIX_BYTES)
  command.body?.copy(frame, FRAME_PREFIX_BYTES + header.length)
  return frame
}

/** The command as it would lie in a receive buffer. */
export function viewOfCommand(command: RemotingCommand): CommandView {
  const bytes = encodeCommand(command)
  const view = new CommandView()
  view.parse(bytes, viewOf(bytes), 0, bytes.length - 4)
  return view
}

/** A whole frame, length field included. @throws MalformedFrameError */
export function decodeCommand(frame: Buffer): RemotingCommand {
  const copy = Buffer.from(frame)
  const view = viewOf(copy)
  if (frame.length < FRAME_PREFIX_BYTES || view.getInt32(0) !== frame.length - 4) {
    throw new MalformedFrameError(`a frame of ${frame.length} bytes does not say so in its length field`)
  }
  const command = new CommandView()
  command.parse(copy, view, 0, frame.length - 4)
  return command.toCommand()
}

function encodeHeader(command: RemotingCommand): Buffer {
  return command.serializeType === SerializeType.JSON ? jsonHeader(command) : binaryHeader(command)
}

function jsonHeader(command: RemotingCommand): Buffer {
  const { code, language, version, opaque, flag, remark, fields } = command
  return Buffer.from(
    JSON.stringify({
      code,
      extFields: fields,
      flag,
      language,
      opaque,
      remark,
      serializeTypeCurrentRPC: 'JSON',
      version,
    }),
  )
}

function binaryHeader(command: RemotingCommand): Buffer {
  if (command.code > MAX_BINARY_CODE) {
    throw new RangeError(`code ${command.code} does not fit a binary header (int16): send it with a JSON header`)
  }
  const remark = Buffer.from(command.remark ?? '')
  const pairs = Object.entries(command.fields)
    .filter(([, value]) => value.length > 0)
    .map(([key, value]) => [Buffer.from(key), Buffer.from(value)] as const)
  const fieldsLength = pairs.reduce((sum, [key, value]) => sum + 6 + key.length + value.length, 0)
  const header = Buffer.allocUnsafe(21 + remark.length + fieldsLength)
  header.writeInt16BE(command.code, 0)
  header.writeUInt8(languageByte(command.language), 2)
  header.writeInt16BE(command.version, 3)
  header.writeInt32BE(command.opaque, 5)
  header.writeInt32BE(command.flag, 9)
  header.writeInt32BE(remark.length, 13)
  remark.copy(header, 17)
  let at = header.writeInt32BE(fieldsLength, 17 + remark.length)
  for (const [key, value] of pairs) {
    at = header.writeInt16BE(key.length, at)
    at += key.copy(header, at)
    at = header.writeInt32BE(value.length, at)
    at += value.copy(header, at)
  }
  return header
}
