import { createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** A decoded frame: what the suite itself needs of the protocol, written apart from the engine's codec on purpose. */
export type Frame = {
  code: number
  flag: number
  opaque: number
  remark: string | null
  language: string
  version: number
  serialization: 'JSON' | 'ROCKETMQ'
  extFields: Record<string, string>
  body: Buffer
}

const languages = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
]

/** Encodes a request with a JSON header. Frame: int32 length, int32 (serialization << 24 | header length), header, body. */
export function encodeRequest(request: {
  code: number
  opaque: number
  version?: number
  flag?: number
  extFields?: Record<string, string>
  body?: Buffer
}): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      code: request.code,
      language: 'OTHER',
      version: request.version ?? 509,
      opaque: request.opaque,
      flag: request.flag ?? 0,
      serializeTypeCurrentRPC: 'JSON',
      extFields: request.extFields ?? {},
    }),
  )
  const body = request.body ?? Buffer.alloc(0)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(4 + header.length + body.length, 0)
  head.writeUInt32BE(header.length, 4)
  return Buffer.concat([head, header, body])
}

/** Splits off the complete frames of `pending`; `rest` is what has to wait for more bytes. */
export function splitFrames(pending: Buffer): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = []
  let at = 0
  while (pending.length - at >= 4 && pending.length - at >= 4 + pending.readUInt32BE(at)) {
    const end = at + 4 + pending.readUInt32BE(at)
    frames.push(pending.subarray(at, end))
    at = end
  }
  return { frames, rest: pending.subarray(at) }
}

export function decodeFrame(frame: Buffer): Frame {
  const mark = frame.readUInt32BE(4)
  const headerEnd = 8 + (mark & 0xffffff)
  const body = frame.subarray(headerEnd)
  if (mark >>> 24 === 0) {
    const header = JSON.parse(frame.toString('utf8', 8, headerEnd)) as Partial<Frame> & {
      extFields?: Record<string, string>
    }
    return {
      code: header.code ?? 0,
      flag: header.flag ?? 0,
      opaque: header.opaque ?? 0,
      remark: header.remark ?? null,
      language: header.language ?? 'JAVA',
      version: header.version ?? 0,
      serialization: 'JSON',
      extFields: header.extFields ?? {},
      body,
    }
  }
  return { ...decodeBinaryHeader(frame.subarray(8, headerEnd)), body }
}

// int16 code, int8 language, int16 version, int32 opaque, int32 flag, int32 remark length + bytes,
// int32 length of all fields, then each: int16 key length + key, int32 value length + value
function decodeBinaryHeader(header: Buffer): Omit<Frame, 'body'> {
  const remarkEnd = 17 + header.readInt32BE(13)
  const extFields: Record<string, string> = {}
  let at = remarkEnd + 4
  while (at < header.length) {
    const keyEnd = at + 2 + header.readInt16BE(at)
    const valueEnd = keyEnd + 4 + header.readInt32BE(keyEnd)
    extFields[header.toString('utf8', at + 2, keyEnd)] = header.toString('utf8', keyEnd + 4, valueEnd)
    at = valueEnd
  }
  return {
    code: header.readInt16BE(0),
    language: languages[header.readInt8(2)] ?? String(header.readInt8(2)),
    version: header.readInt16BE(3),
    opaque: header.readInt32BE(5),
    flag: header.readInt32BE(9),
    remark: remarkEnd > 17 ? header.toString('utf8', 17, remarkEnd) : null,
    serialization: 'ROCKETMQ',
    extFields,
  }
}

/** In whose name a request is made. */
export type Keys = { readonly accessKey: string; readonly secretKey: string }

/** Header fields with a signature over all their values, in the order of their names, and the body. */
function signedFields(fields: Record<string, string>, body: Buffer | undefined, keys: Keys): Record<string, string> {
  const all: Record<string, string> = { ...fields, AccessKey: keys.accessKey }
  const hmac = createHmac('sha1', keys.secretKey)
  for (const name of Object.keys(all).sort()) hmac.update(all[name]!)
  return { ...all, Signature: hmac.update(body ?? '').digest('base64') }
}

/** One request over its own connection. Throws when no answer came within twenty seconds: on a busy machine a JVM takes its time. */
export async function ask(
  address: string,
  request: { code: number; version?: number; extFields?: Record<string, string>; body?: Buffer },
  keys?: Keys,
): Promise<Frame> {
  const [host, port] = address.split(':') as [string, string]
  const socket: Socket = connect(Number(port), host)
  try {
    return await new Promise<Frame>((resolve, reject) => {
      let pending: Buffer = Buffer.alloc(0)
      socket.setTimeout(20_000, () =>
        reject(new Error(`${address} did not answer request ${request.code} within 20 s`)),
      )
      socket.once('error', reject)
      socket.once('close', () => reject(new Error(`${address} closed the connection on request ${request.code}`)))
      socket.on('data', (chunk) => {
        const split = splitFrames(Buffer.concat([pending, chunk]))
        pending = split.rest
        const answer = split.frames.map(decodeFrame).find((frame) => (frame.flag & 1) === 1)
        if (answer) resolve(answer)
      })
      const { extFields = {}, body } = request
      const fields = keys === undefined ? extFields : signedFields(extFields, body, keys)
      socket.write(encodeRequest({ ...request, extFields: fields, opaque: 1 }))
    })
  } finally {
    socket.destroy()
  }
}

/** Addresses per broker name and id as a NameServer reports them: `{'broker-a': {'0': '127.0.0.1:10911'}}`. */
export async function brokersOf(namesrv: string): Promise<Record<string, Record<string, string>>> {
  const answer = await ask(namesrv, { code: 106 })
  // The NameServer writes numeric map keys without quotes in this answer.
  const text = answer.body.toString('utf8').replace(/([{,])(\d+):/g, '$1"$2":')
  const info = JSON.parse(text) as { brokerAddrTable?: Record<string, { brokerAddrs: Record<string, string> }> }
  return Object.fromEntries(Object.entries(info.brokerAddrTable ?? {}).map(([name, data]) => [name, data.brokerAddrs]))
}

/** The runtime table of a broker (request 28). */
export async function runtimeInfo(broker: string): Promise<Record<string, string>> {
  const answer = await ask(broker, { code: 28 })
  if (answer.code !== 0) throw new Error(`${broker} refuses its runtime info: ${answer.code} ${answer.remark}`)
  return (JSON.parse(answer.body.toString('utf8')) as { table: Record<string, string> }).table
}

/** Creates a topic on one broker (request 17) and waits for nothing: the broker registers it with the NameServer by itself. */
export async function createTopic(
  broker: string,
  topic: string,
  queues: number,
  /** `+name=value` with commas between them. */
  attributes = '',
  keys?: Keys,
): Promise<void> {
  const request = {
    code: 17,
    extFields: {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: String(queues),
      writeQueueNums: String(queues),
      perm: '6',
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: '0',
      order: 'false',
      ...(attributes === '' ? {} : { attributes }),
    },
  }
  const answer = await ask(broker, request, keys)
  if (answer.code !== 0) throw new Error(`${broker} does not create ${topic}: ${answer.code} ${answer.remark}`)
}

/** Creates a consumer group on one broker (request 200). */
export async function createGroup(broker: string, group: string, settings: object = {}, keys?: Keys): Promise<void> {
  const body = Buffer.from(JSON.stringify({ groupName: group, ...settings }))
  const answer = await ask(broker, { code: 200, body }, keys)
  if (answer.code !== 0) throw new Error(`${broker} does not create ${group}: ${answer.code} ${answer.remark}`)
}

/** Names of the brokers that hold `topic` according to a NameServer; empty when it does not know the topic. */
export async function routeOf(namesrv: string, topic: string): Promise<string[]> {
  const answer = await ask(namesrv, { code: 105, extFields: { topic, acceptStandardJsonOnly: 'true' } })
  if (answer.code !== 0) return []
  return (JSON.parse(answer.body.toString('utf8')) as { queueDatas: { brokerName: string }[] }).queueDatas.map(
    (queue) => queue.brokerName,
  )
}
