import { ProxyError } from '../proxy-error.ts'
import type { Resource } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'

const TOPIC_LENGTH_MAX = 127
const GROUP_LENGTH_MAX = 255
const NAME = /^[%|a-zA-Z0-9_-]+$/
const SYSTEM_PREFIX = 'rmq_sys_'
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'
const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  ...['TBW102', 'SCHEDULE_TOPIC_XXXX', 'BenchmarkTest', 'RMQ_SYS_TRANS_HALF_TOPIC', 'RMQ_SYS_TRACE_TOPIC'],
  ...['RMQ_SYS_TRANS_OP_HALF_TOPIC', 'TRANS_CHECK_MAX_TIME_TOPIC', 'SELF_TEST_TOPIC', 'OFFSET_MOVED_EVENT'],
  'CHECKPOINT_TOPIC',
])

/** The name in a request's topic. @throws ProxyError ILLEGAL_TOPIC (source: GrpcValidator, Validators) */
export function topicName(resource: Resource | undefined): string {
  const name = resource?.name ?? ''
  const problem = nameProblem('topic', name, TOPIC_LENGTH_MAX)
  if (problem !== undefined) throw new ProxyError(StatusCode.ILLEGAL_TOPIC, problem)
  if (SYSTEM_TOPICS.has(name) || name.startsWith(SYSTEM_PREFIX)) {
    throw new ProxyError(StatusCode.ILLEGAL_TOPIC, `cannot access system topic ${name}`)
  }
  return name
}

/** The name in a request's consumer group. @throws ProxyError ILLEGAL_CONSUMER_GROUP */
export function groupName(resource: Resource | undefined): string {
  const name = resource?.name ?? ''
  const problem = nameProblem('group', name, GROUP_LENGTH_MAX)
  if (problem !== undefined) throw new ProxyError(StatusCode.ILLEGAL_CONSUMER_GROUP, problem)
  if (name.startsWith(SYSTEM_GROUP_PREFIX)) {
    throw new ProxyError(StatusCode.ILLEGAL_CONSUMER_GROUP, `cannot use system consumer group ${name}`)
  }
  return name
}

/** @throws ProxyError ILLEGAL_LITE_TOPIC. `bytesMax`: maxLiteTopicSize */
export function checkLiteTopic(name: string, bytesMax: number): void {
  if (name.trim() === '') {
    throw new ProxyError(StatusCode.ILLEGAL_LITE_TOPIC, 'lite topic cannot be the char sequence of whitespace')
  }
  if (Buffer.byteLength(name) > bytesMax) {
    throw new ProxyError(StatusCode.ILLEGAL_LITE_TOPIC, `lite topic exceed the max size ${bytesMax}`)
  }
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return
  const text = 'lite topic can only contain alphanumeric characters, hyphens(-), and underscores(_)'
  throw new ProxyError(StatusCode.ILLEGAL_LITE_TOPIC, text)
}

function nameProblem(what: string, name: string, lengthMax: number): string | undefined {
  if (name.trim() === '') return `The specified ${what} is blank`
  if (name.length > lengthMax) return `The specified ${what} is longer than ${lengthMax} characters: ${name.length}`
  if (NAME.test(name)) return undefined
  return `The specified ${what} ${name} contains characters other than a-z, A-Z, 0-9, %, |, _ and -`
}

/** Java's ISO control characters. */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}
