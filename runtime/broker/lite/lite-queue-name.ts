import { LMQ_PREFIX } from '../../store/consume-queue/topic-map.ts'

/*
 * The light queue of a lite topic: %LMQ%$<parent topic>$<lite topic>. Neither name has a '$' in it (Apache RocketMQ's LiteUtil).
 */

const SEPARATOR = '$'
const PREFIX = LMQ_PREFIX + SEPARATOR
/** A queue's name is that of a folder: what file systems take, in bytes. */
const NAME_BYTES_MAX = 255

export interface LiteName {
  readonly parent: string
  readonly lite: string
}

export function liteQueueName(parent: string, lite: string): string {
  return PREFIX + parent + SEPARATOR + lite
}

/** Whether a queue is meant for a lite topic; which one, {@link liteNameOf} says. */
export function isLiteQueue(queueName: string): boolean {
  return queueName.startsWith(PREFIX)
}

/** Undefined for what is the queue of no lite topic. */
export function liteNameOf(queueName: string): LiteName | undefined {
  if (!isLiteQueue(queueName)) return undefined
  const [parent = '', lite = '', ...more] = queueName.slice(PREFIX.length).split(SEPARATOR)
  return parent === '' || lite === '' || more.length > 0 ? undefined : { parent, lite }
}

/** With what the names of all queues of a parent topic's lite topics begin. */
export function liteQueuePrefix(parent: string): string {
  return liteQueueName(parent, '')
}

/** Why a name can be that of no lite topic; undefined if it can. */
export function liteTopicProblem(parent: string, lite: string): string | undefined {
  if (lite.trim() === '') return 'it is blank'
  if (/[$,/\0]/.test(lite)) return "it has one of '$', ',' and '/' in it"
  const bytes = Buffer.byteLength(liteQueueName(parent, lite))
  return bytes > NAME_BYTES_MAX
    ? `its queue's name would have ${bytes} bytes, at most ${NAME_BYTES_MAX} are allowed`
    : undefined
}
