import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { MessageType } from '../../codec/protobuf/message-type.ts'

const SERVICE = '/apache.rocketmq.v2.MessagingService/'

/** A client of the service, made of Node's own HTTP/2 and the proxy's tables of messages. */
export class GrpcClient {
  readonly #session: ClientHttp2Session
  readonly #headers: Record<string, string>

  /** `headers`: more of them, on every call. `trusted`: certificates that the server's has to be vouched for by; any will do. */
  constructor(origin: string, clientId: string, headers: Iterable<readonly [string, string]> = [], trusted?: string) {
    this.#session = connect(origin, trusted === undefined ? { rejectUnauthorized: false } : { ca: trusted })
    // Every call that is under way fails with it, and says so.
    this.#session.on('error', () => undefined)
    this.#headers = {
      'x-mq-client-id': clientId,
      'x-mq-client-version': '5.2.0',
      'x-mq-language': 'JAVA',
      ...Object.fromEntries(headers),
    }
  }

  /** All messages of the answer. */
  call<R, W>(
    method: string,
    requestType: MessageType<unknown, W>,
    answerType: MessageType<R, never>,
    request: W,
  ): Promise<R[]> {
    const stream = this.#open(method)
    const answers: R[] = []
    readMessages(stream, answerType, (answer) => answers.push(answer))
    stream.end(framed(requestType.encode(request)))
    return new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.on('close', () => resolve(answers))
    })
  }

  /** A stream of messages both ways. */
  talk<R, W>(method: string, type: MessageType<R, W>, onMessage: (message: R) => void) {
    const stream = this.#open(method)
    stream.on('error', () => undefined)
    readMessages(stream, type, onMessage)
    const closed = new Promise<void>((resolve) => stream.on('close', () => resolve()))
    return { send: (message: W) => stream.write(framed(type.encode(message))), closed }
  }

  close(): void {
    this.#session.destroy()
  }

  #open(method: string): ClientHttp2Stream {
    return this.#session.request({
      ...{ ':method': 'POST', ':path': SERVICE + method, 'content-type': 'application/grpc', 'grpc-timeout': '30S' },
      ...this.#headers,
    })
  }
}

function framed(payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

function readMessages<R>(
  stream: ClientHttp2Stream,
  type: MessageType<R, never>,
  onMessage: (message: R) => void,
): void {
  let pending: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
      const end = 5 + pending.readUInt32BE(1)
      onMessage(type.decode(pending, 5, end))
      pending = pending.subarray(end)
    }
  })
}
