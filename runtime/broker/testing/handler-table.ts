import { viewOf } from '../../codec/bytes.ts'
import { CommandView } from '../../codec/remoting/command-view.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { encodeCommand, type Response } from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Channel } from '../../net/channel.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { FakeClient } from './fake-client.ts'

export interface Asked {
  readonly fields?: Readonly<Record<string, string | number | boolean>>
  readonly body?: string | Uint8Array
  readonly from?: FakeClient
  readonly version?: number
  readonly language?: string
}

/** An answer in the form tests compare. */
export interface Answered {
  readonly code: number
  readonly remark: string | undefined
  readonly fields: Record<string, string>
  readonly body: string
}

/** Handlers without a server: a request is encoded, parsed in place and served, as a server would. */
export class HandlerTable implements HandlerRegistry {
  readonly #handlers = new Map<number, RequestHandler>()

  get codes(): number[] {
    return [...this.#handlers.keys()].sort((a, b) => a - b)
  }

  handle(code: number, handler: RequestHandler): void {
    if (this.#handlers.has(code)) throw new Error(`${requestCodeName(code)} has two handlers`)
    this.#handlers.set(code, handler)
  }

  ask(code: number, asked: Asked = {}): Promise<Answered> {
    return this.askFrame(encoded(code, asked), asked.from)
  }

  /** A request as it came over the wire; its bytes may be changed. */
  async askFrame(frame: Buffer, from = new FakeClient()): Promise<Answered> {
    const request = new CommandView()
    request.parse(frame, viewOf(frame), 0, frame.length - 4)
    const { code } = request
    const handler = this.#handlers.get(code)
    if (!handler) throw new Error(`${requestCodeName(code)} has no handler`)
    try {
      const response = await handler(request, from as unknown as Channel)
      if (!response) throw new Error(`${requestCodeName(code)} is not answered at once`)
      return answered(response)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      return answered({ code: error.code, remark: error.message })
    }
  }
}

function encoded(code: number, { fields = {}, body, version = 513, language = 'JAVA' }: Asked): Buffer {
  return encodeCommand({
    code,
    language,
    version,
    opaque: 1,
    flag: 0,
    serializeType: SerializeType.JSON,
    remark: undefined,
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])),
    body: body === undefined ? undefined : Buffer.from(body),
  })
}

function answered({ code, remark, fields = {}, body }: Response): Answered {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return {
    code,
    remark,
    fields: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    body: body ? Buffer.from(body).toString() : '',
  }
}
