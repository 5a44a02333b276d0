import { deflateSync, inflateSync } from 'node:zlib'
import { crc32 } from '../crc32.ts'
import { asInteger, asObject, integerField, objectField, textField, textListField } from '../json/json-fields.ts'
import { parseJson, parseJsonBytes } from '../json/parse-json.ts'
import { encodeJson } from '../json/write-json.ts'
import { ProtocolVersion } from '../remoting/protocol-version.ts'
import { type DataVersionFields, NO_DATA_VERSION, readDataVersion } from './data-version.ts'
import { readQueueMapping, type TopicQueueMapping } from './route-data.ts'

/** What a name server keeps of a topic's configuration. */
export interface RegisteredTopic {
  readonly topicName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicSysFlag: number
}

/** A topic's configuration as brokers send it (source: TopicConfig). */
export interface TopicConfigFields extends RegisteredTopic {
  readonly topicFilterType: string
  readonly order: boolean
  readonly attributes: ReadonlyMap<string, string>
}

/** The body of REGISTER_BROKER. */
export interface RegisterBody<T extends RegisteredTopic = RegisteredTopic> {
  readonly dataVersion: DataVersionFields
  readonly topics: ReadonlyMap<string, T>
  readonly filterServers: readonly string[]
  /** By topic: static topics only. */
  readonly mappings: ReadonlyMap<string, TopicQueueMapping>
}

/** A compressed body may grow to this. 50,000 topics take some 5 MB; more is an attack on the memory. */
export const REGISTER_BODY_INFLATED_MAX_BYTES = 64 * 1024 * 1024

/** Deflate with a window of 32 KiB, what every zlib writes. */
const ZLIB_FIRST_BYTE = 0x78

/** A body that is not what its header says. */
export class RegisterBodyError extends Error {
  override readonly name = 'RegisterBodyError'
}

/** The header's `bodyCrc32`: the sign bit is cleared (source: UtilAll.crc32). */
export function registerBodyCrc32(body: Uint8Array): number {
  return crc32(body, 0, body.length) & 0x7fffffff
}

/**
 * Reads the body of REGISTER_BROKER as a broker of any version sends it: up to V3_0_11 the topics alone, then
 * RegisterBrokerBody as JSON or deflated, from V5_0_0 on with queue mappings.
 * @throws RegisterBodyError, JsonSyntaxError, JsonFieldError, and zlib's error for damaged compression
 */
export function decodeRegisterBody(body: Uint8Array, compressed: boolean, version: number): RegisterBody {
  if (body.length === 0)
    return { dataVersion: NO_DATA_VERSION, topics: new Map(), filterServers: [], mappings: new Map() }
  if (version < ProtocolVersion.V3_0_11) return readTopics(asObject(parseJsonBytes(body), 'topic configs'), [])
  // Brokers of Apache RocketMQ 5.5 with compressedRegister=true compress and then say they did not (BrokerOuterAPI sets the field
  // to false): no name server of that version can read them. No JSON text starts as a zlib stream does.
  if (compressed || body[0] === ZLIB_FIRST_BYTE) return decodeCompressed(inflate(body), version)
  const object = asObject(parseJsonBytes(body), 'register body')
  const wrapper = objectField(object, 'topicConfigSerializeWrapper') ?? Object.create(null)
  return readTopics(wrapper, textListField(object, 'filterServerList') ?? [])
}

/** The body as Apache RocketMQ 5.5 sends it. */
export function encodeRegisterBody(body: RegisterBody<TopicConfigFields>, compressed: boolean): Buffer {
  if (compressed) return deflateSync(Buffer.concat(compressedParts(body)), { level: 9 })
  return encodeJson({
    filterServerList: body.filterServers,
    topicConfigSerializeWrapper: {
      dataVersion: body.dataVersion,
      mappingDataVersion: body.dataVersion,
      topicConfigTable: body.topics,
      topicQueueMappingDetailMap: new Map(),
      topicQueueMappingInfoMap: body.mappings,
    },
  })
}

function readTopics(wrapper: ReturnType<typeof asObject>, filterServers: readonly string[]): RegisterBody {
  const version = wrapper['dataVersion']
  const topics = new Map<string, RegisteredTopic>()
  for (const [topic, config] of Object.entries(objectField(wrapper, 'topicConfigTable') ?? {})) {
    const object = asObject(config, `topicConfigTable.${topic}`)
    topics.set(topic, {
      topicName: textField(object, 'topicName') ?? topic,
      readQueueNums: integerField(object, 'readQueueNums') ?? 16,
      writeQueueNums: integerField(object, 'writeQueueNums') ?? 16,
      perm: integerField(object, 'perm') ?? 6,
      topicSysFlag: integerField(object, 'topicSysFlag') ?? 0,
    })
  }
  const mappings = Object.entries(objectField(wrapper, 'topicQueueMappingInfoMap') ?? {})
  return {
    dataVersion: version === undefined || version === null ? NO_DATA_VERSION : readDataVersion(version),
    topics,
    filterServers,
    mappings: new Map(mappings.map(([topic, mapping]) => [topic, readQueueMapping(mapping)])),
  }
}

/*
 * Inflated: int32 length + data version as JSON; int32 count of topics, each int32 length + text (below); int32 length + filter
 * servers as a JSON list; from V5_0_0 on int32 count of queue mappings, each int32 length + JSON.
 * A topic is `name readQueueNums writeQueueNums perm filterType attributesAsJson`; its flags are not sent.
 */
function decodeCompressed(bytes: Buffer, version: number): RegisterBody {
  const reader = new PartReader(bytes)
  const dataVersion = readDataVersion(parseJson(reader.text('data version')))
  const topics = new Map<string, RegisteredTopic>()
  for (let left = reader.count('topics'); left > 0; left--) {
    const topic = readTopicText(reader.text('topic'))
    topics.set(topic.topicName, topic)
  }
  const list: ReturnType<typeof asObject> = Object.create(null)
  list['filterServerList'] = parseJson(reader.text('filter servers'))
  const mappings = new Map<string, TopicQueueMapping>()
  if (version >= ProtocolVersion.V5_0_0) {
    for (let left = reader.count('queue mappings'); left > 0; left--) {
      const mapping = readQueueMapping(parseJson(reader.text('queue mapping')))
      mappings.set(mapping.topic, mapping)
    }
  }
  return { dataVersion, topics, filterServers: textListField(list, 'filterServerList') ?? [], mappings }
}

function readTopicText(text: string): RegisteredTopic {
  const [topicName = '', reads, writes, perm, filterType] = text.split(' ')
  if (
    topicName === '' ||
    reads === undefined ||
    writes === undefined ||
    perm === undefined ||
    filterType === undefined
  ) {
    throw new RegisterBodyError(
      `"${text.slice(0, 80)}" is not a topic: name, read queues, write queues, perm, filter type`,
    )
  }
  return {
    topicName,
    readQueueNums: asInteger(reads, 'readQueueNums'),
    writeQueueNums: asInteger(writes, 'writeQueueNums'),
    perm: asInteger(perm, 'perm'),
    topicSysFlag: 0,
  }
}

function compressedParts(body: RegisterBody<TopicConfigFields>): Buffer[] {
  const parts: Buffer[] = []
  const addCount = (count: number): void => {
    const int = Buffer.allocUnsafe(4)
    int.writeInt32BE(count)
    parts.push(int)
  }
  const add = (bytes: Buffer): void => {
    addCount(bytes.length)
    parts.push(bytes)
  }
  add(encodeJson(body.dataVersion))
  addCount(body.topics.size)
  for (const topic of body.topics.values()) {
    const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes } = topic
    const head = `${topicName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType} `
    add(Buffer.from(head + encodeJson(attributes).toString()))
  }
  add(encodeJson(body.filterServers))
  addCount(body.mappings.size)
  for (const mapping of body.mappings.values()) add(encodeJson(mapping))
  return parts
}

function inflate(body: Uint8Array): Buffer {
  try {
    return inflateSync(body, { maxOutputLength: REGISTER_BODY_INFLATED_MAX_BYTES })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const limit = REGISTER_BODY_INFLATED_MAX_BYTES
      throw new RegisterBodyError(`the compressed body grows beyond ${limit} bytes`, { cause: error })
    }
    throw new RegisterBodyError(`the compressed body is damaged: ${(error as Error).message}`, { cause: error })
  }
}

class PartReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A count or a length; every item takes four bytes at least, so one that cannot be there is refused at once. */
  count(what: string): number {
    if (this.#at + 4 > this.#bytes.length) throw new RegisterBodyError(`the body ends before the number of ${what}`)
    const count = this.#bytes.readInt32BE(this.#at)
    this.#at += 4
    if (count < 0 || count > this.#bytes.length - this.#at) {
      throw new RegisterBodyError(`${count} ${what} in a body with ${this.#bytes.length - this.#at} bytes left`)
    }
    return count
  }

  text(what: string): string {
    const length = this.count(`bytes of the ${what}`)
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}
