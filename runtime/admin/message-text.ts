import { join } from 'node:path'
import { AdminError } from './admin-error.ts'
import type { CommandContext } from './command.ts'
import { humanTime, javaMap } from './java-text.ts'
import { messageTracks } from './message-track.ts'
import type { FoundMessage } from './messages.ts'
import { row } from './table.ts'

const FIELD = '%-20s %s%n'

/** Prints the fields of a message and what each group did with it; the body goes to a file. */
export async function printMessage(
  context: CommandContext,
  message: FoundMessage,
  options: { readonly withId: boolean; readonly charset?: string | undefined; readonly index?: number },
): Promise<void> {
  const suffix = (options.index ?? 0) > 0 ? `_${options.index}` : ''
  const path = writeBody(context, message, suffix)
  const { properties } = message
  const print = (name: string, value: string | number) => context.print(row(FIELD, name, value))
  if (options.withId) print('OffsetID:', message.msgId)
  print('Topic:', message.topic)
  print('Tags:', `[${properties.get('TAGS') ?? 'null'}]`)
  print('Keys:', `[${properties.get('KEYS') ?? 'null'}]`)
  print('Queue ID:', message.queueId)
  print('Queue Offset:', message.queueOffset)
  print('CommitLog Offset:', message.phyOffset)
  print('Reconsume Times:', message.reconsumeTimes)
  print('Born Timestamp:', humanTime(message.bornTimestampMs))
  print('Store Timestamp:', humanTime(message.storeTimestampMs))
  print('Born Host:', message.bornHost)
  print('Store Host:', message.storeHost)
  print('System Flag:', message.sysFlag)
  print('Properties:', javaMap(properties))
  print('Message Body Path:', path)
  if (options.charset !== undefined) print('Message Body:', bodyText(message, options.charset))
  await printTracks(context, message)
}

async function printTracks(context: CommandContext, message: FoundMessage): Promise<void> {
  const tracks = await messageTracks(context.client, message)
  context.print('\n\n')
  if (tracks.length === 0) context.print('WARN: No Consumer\n')
  for (const { consumerGroup, trackType, exceptionDesc } of tracks) {
    context.print(
      `MessageTrack [consumerGroup=${consumerGroup}, trackType=${trackType}, exceptionDesc=${exceptionDesc ?? 'null'}]\n`,
    )
  }
}

/** Message bodies are other people's data: the folder and the file are for the caller's eyes only. */
function writeBody(context: CommandContext, message: FoundMessage, suffix: string): string {
  const path = join(context.temporaryFolder, 'rocketmq', 'msgbodys', message.shownId + suffix)
  context.writePrivateFile(path, message.body)
  return path
}

/** @throws AdminError for a charset unknown here */
function bodyText({ body }: FoundMessage, charset: string): string {
  try {
    return new TextDecoder(charset).decode(body)
  } catch (error) {
    throw new AdminError(`charset ${charset} is unknown here; try UTF-8, GBK or ISO-8859-1`, { cause: error })
  }
}

/** The line that printMsg and consumeMessage print: Java's text of a message, then its body. */
export function messageLine(message: FoundMessage, charset: string, printBody: boolean): string {
  const body = printBody ? bodyText(message, charset) : 'NOT PRINT BODY'
  return `MSGID: ${message.shownId} ${messageExtText(message)} BODY: ${body}\n`
}

function messageExtText(m: FoundMessage): string {
  return (
    `MessageExt [brokerName=${m.brokerName ?? 'null'}, queueId=${m.queueId}, storeSize=${m.sizeBytes}, ` +
    `queueOffset=${m.queueOffset}, sysFlag=${m.sysFlag}, bornTimestamp=${m.bornTimestampMs}, bornHost=/${m.bornHost}, ` +
    `storeTimestamp=${m.storeTimestampMs}, storeHost=/${m.storeHost}, msgId=${m.msgId}, ` +
    `commitLogOffset=${m.phyOffset}, bodyCRC=${m.bodyCrc}, reconsumeTimes=${m.reconsumeTimes}, ` +
    `preparedTransactionOffset=${m.preparedTransactionOffset}, toString()=Message{topic='${m.topic}', flag=${m.flag}, ` +
    `properties=${javaMap(m.properties)}, body=[${signedBytes(m.body)}], transactionId='${transactionId(m)}'}]`
  )
}

function signedBytes(body: Buffer): string {
  return Array.from(new Int8Array(body.buffer, body.byteOffset, body.length)).join(', ')
}

function transactionId({ properties }: FoundMessage): string {
  return properties.get('TRAN_MSG') === 'true' ? (properties.get('UNIQ_KEY') ?? 'null') : 'null'
}
