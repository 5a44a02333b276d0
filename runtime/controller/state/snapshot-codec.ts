import { ByteReader, MalformedBytesError } from '../../raft/wire/byte-reader.ts'
import { ByteWriter } from '../../raft/wire/byte-writer.ts'
import type { BrokerGroup } from './broker-group.ts'
import { readIds, writeIds } from './command-codec.ts'

/*
 * A snapshot (big endian; text: int32 length, UTF-8; ids: int32 count, int64 each):
 *
 *   int8 version   1
 *   int32 count · groups by name, each:
 *     text cluster · text brokerName · int64 nextBrokerId
 *     int64 masterBrokerId + 1 (0: none) · int32 masterEpoch · ids syncStateSet · int32 syncStateSetEpoch
 *     int32 count · replicas by id, each: int64 brokerId · text address · text registerCheckCode
 *
 * Controllers with the same state write the same bytes.
 */

const VERSION = 1
const GROUP_BYTES_MIN = 40
const REPLICA_BYTES_MIN = 16

export function encodeSnapshot(groups: Iterable<BrokerGroup>): Buffer {
  const sorted = [...groups].sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
  const out = new ByteWriter()
  out.int8(VERSION)
  out.int32(sorted.length)
  for (const group of sorted) {
    out.text(group.cluster)
    out.text(group.brokerName)
    out.int64(group.nextBrokerId)
    out.int64((group.masterBrokerId ?? -1) + 1)
    out.int32(group.masterEpoch)
    writeIds(out, group.syncStateSet)
    out.int32(group.syncStateSetEpoch)
    out.int32(group.replicas.length)
    for (const { brokerId, address, registerCheckCode } of group.replicas) {
      out.int64(brokerId)
      out.text(address)
      out.text(registerCheckCode)
    }
  }
  return out.finish()
}

/** @throws MalformedBytesError */
export function decodeSnapshot(bytes: Uint8Array): BrokerGroup[] {
  const input = new ByteReader(bytes)
  const version = input.int8()
  if (version !== VERSION) {
    throw new MalformedBytesError(`snapshot of version ${version}, this controller knows ${VERSION}: upgrade it`)
  }
  const groups = Array.from({ length: input.count(GROUP_BYTES_MIN) }, () => readGroup(input))
  input.end()
  return groups
}

function readGroup(input: ByteReader): BrokerGroup {
  const cluster = input.text()
  const brokerName = input.text()
  const nextBrokerId = input.int64()
  const masterBrokerId = input.int64() - 1
  return {
    cluster,
    brokerName,
    nextBrokerId,
    masterBrokerId: masterBrokerId < 0 ? undefined : masterBrokerId,
    masterEpoch: input.int32(),
    syncStateSet: readIds(input),
    syncStateSetEpoch: input.int32(),
    replicas: Array.from({ length: input.count(REPLICA_BYTES_MIN) }, () => ({
      brokerId: input.int64(),
      address: input.text(),
      registerCheckCode: input.text(),
    })),
  }
}
