import type { Message } from '../message.ts'
import { ByteReader, MalformedBytesError } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'
import { messageBytes, readMessage, writeMessage } from './message-codec.ts'

/*
 * Body of a request RaftCode.MESSAGES:
 *
 *   int8   version 1; a receiver of another version refuses the rest unread
 *   int32 length + group · int32 length + id of the sender · int32 length + id of the receiver
 *   int64  store of the sender · int64 cluster of the sender, 0: not founded yet
 *   int32 length + members as the sender's configuration names them: id-host:port, by id, separated by semicolons
 *   int32  count · messages (message-codec.ts)
 *
 * Body of a request RaftCode.REFUSED:
 *
 *   int8   version 1
 *   int32 length + group · int32 length + id of who refuses · int32 length + reason, for people
 */
const VERSION = 1

/** Messages of one turn to one member go in frames of about this size. */
const FRAME_BYTES = 4 * 1024 * 1024
const MESSAGE_BYTES_MIN = 9

export interface MessageFrame {
  readonly group: string
  readonly from: string
  readonly to: string
  readonly cluster: number
  readonly peers: string
  readonly messages: readonly Message[]
}

/** Frames for messages that all have the same sender and receiver. */
export function encodeFrames(group: string, peers: string, messages: readonly Message[]): Buffer[] {
  const frames: Buffer[] = []
  let batch: Message[] = []
  let bytes = 0
  for (const message of messages) {
    bytes += messageBytes(message)
    const first = batch[0]
    // A node that founds its group speaks for another store before than after.
    const isOther = first !== undefined && (first.store !== message.store || first.cluster !== message.cluster)
    if (isOther || (bytes > FRAME_BYTES && first !== undefined)) {
      frames.push(encodeFrame(group, peers, batch))
      batch = []
      bytes = messageBytes(message)
    }
    batch.push(message)
  }
  if (batch.length > 0) frames.push(encodeFrame(group, peers, batch))
  return frames
}

function encodeFrame(group: string, peers: string, messages: readonly Message[]): Buffer {
  const { from, to, store, cluster } = messages[0]!
  const writer = new ByteWriter()
  writer.int8(VERSION)
  writer.text(group)
  writer.text(from)
  writer.text(to)
  writer.int64(store)
  writer.int64(cluster)
  writer.text(peers)
  writer.int32(messages.length)
  for (const message of messages) writeMessage(writer, message)
  return writer.finish()
}

/** @throws MalformedBytesError */
export function decodeFrame(body: Uint8Array): MessageFrame {
  const reader = new ByteReader(body)
  checkVersion(reader)
  const group = reader.text()
  const from = reader.text()
  const to = reader.text()
  const store = reader.int64()
  const cluster = reader.int64()
  const peers = reader.text()
  const messages: Message[] = []
  const envelope = { from, to, store, cluster }
  for (let left = reader.count(MESSAGE_BYTES_MIN); left > 0; left--) messages.push(readMessage(reader, envelope))
  reader.end()
  return { group, from, to, cluster, peers, messages }
}

export interface RefusalNotice {
  readonly group: string
  readonly from: string
  readonly reason: string
}

export function encodeRefusal({ group, from, reason }: RefusalNotice): Buffer {
  const writer = new ByteWriter()
  writer.int8(VERSION)
  writer.text(group)
  writer.text(from)
  writer.text(reason)
  return writer.finish()
}

/** @throws MalformedBytesError */
export function decodeRefusal(body: Uint8Array): RefusalNotice {
  const reader = new ByteReader(body)
  checkVersion(reader)
  const notice = { group: reader.text(), from: reader.text(), reason: reader.text() }
  reader.end()
  return notice
}

function checkVersion(reader: ByteReader): void {
  const version = reader.int8()
  if (version !== VERSION) {
    throw new MalformedBytesError(
      `the sender speaks version ${version} of raft messages, this member version ${VERSION}`,
    )
  }
}
