import { ByteReader, MalformedBytesError } from '../../raft/wire/byte-reader.ts'
import { ByteWriter } from '../../raft/wire/byte-writer.ts'
import type { Command, ElectMaster } from './command.ts'
import type { Life, ReplicaReport } from './replica-report.ts'

/*
 * A command as it stands in the log (big endian; text: int32 length, UTF-8; ids: int32 count, int64 each; flag: int8):
 *
 *   int8 version   1
 *   int8 kind
 *   1 alterSyncStateSet  text brokerName · int64 masterBrokerId · int32 masterEpoch · int32 syncStateSetEpoch · ids syncStateSet · ids gone
 *   2 applyBrokerId      text cluster · text brokerName · int64 brokerId · text registerCheckCode
 *   3 registerBroker     text cluster · text brokerName · int64 brokerId · text address · flag mayHaveLost · flag isMasterThere
 *   4 electMaster        text brokerName · int64 brokerId + 1 (0: none) · flag isDesignated · flag isUncleanAllowed
 *                        · int32 count · { int64 brokerId · int8 life (0 gone, 1 alive, 2 unheard) · int32 epoch · int64 maxOffset + 1 · int32 priority }*
 *   5 cleanBrokerData    text brokerName · ids brokerIds · flag evenLiving · ids there
 *
 * The layout is our own: the log is read by our controllers only. A version or kind that a controller does not know was
 * written by a newer one; passing over it would let the two disagree for ever, so it is an error.
 */

const VERSION = 1
const KINDS = ['alterSyncStateSet', 'applyBrokerId', 'registerBroker', 'electMaster', 'cleanBrokerData'] as const
const LIVES: readonly Life[] = ['gone', 'alive', 'unheard']
const REPORT_BYTES = 25
const ID_BYTES = 8

export function encodeCommand(command: Command): Buffer {
  const out = new ByteWriter()
  out.int8(VERSION)
  out.int8(KINDS.indexOf(command.kind) + 1)
  switch (command.kind) {
    case 'alterSyncStateSet':
      out.text(command.brokerName)
      out.int64(command.masterBrokerId)
      out.int32(command.masterEpoch)
      out.int32(command.syncStateSetEpoch)
      writeIds(out, command.syncStateSet)
      writeIds(out, command.gone)
      break
    case 'applyBrokerId':
      out.text(command.cluster)
      out.text(command.brokerName)
      out.int64(command.brokerId)
      out.text(command.registerCheckCode)
      break
    case 'registerBroker':
      out.text(command.cluster)
      out.text(command.brokerName)
      out.int64(command.brokerId)
      out.text(command.address)
      writeFlag(out, command.mayHaveLost)
      writeFlag(out, command.isMasterThere)
      break
    case 'electMaster':
      writeElection(out, command)
      break
    case 'cleanBrokerData':
      out.text(command.brokerName)
      writeIds(out, command.brokerIds)
      writeFlag(out, command.evenLiving)
      writeIds(out, command.there)
      break
  }
  return out.finish()
}

/** @throws MalformedBytesError */
export function decodeCommand(bytes: Uint8Array): Command {
  const input = new ByteReader(bytes)
  const version = input.int8()
  if (version !== VERSION) {
    throw new MalformedBytesError(`command of version ${version}, this controller knows ${VERSION}: upgrade it`)
  }
  const command = readCommand(input)
  input.end()
  return command
}

function readCommand(input: ByteReader): Command {
  const number = input.int8()
  const kind = KINDS[number - 1]
  switch (kind) {
    case 'alterSyncStateSet':
      return {
        kind,
        brokerName: input.text(),
        masterBrokerId: input.int64(),
        masterEpoch: input.int32(),
        syncStateSetEpoch: input.int32(),
        syncStateSet: readIds(input),
        gone: readIds(input),
      }
    case 'applyBrokerId':
      return {
        kind,
        cluster: input.text(),
        brokerName: input.text(),
        brokerId: input.int64(),
        registerCheckCode: input.text(),
      }
    case 'registerBroker':
      return {
        kind,
        cluster: input.text(),
        brokerName: input.text(),
        brokerId: input.int64(),
        address: input.text(),
        mayHaveLost: input.flag(),
        isMasterThere: input.flag(),
      }
    case 'electMaster':
      return readElection(input)
    case 'cleanBrokerData':
      return {
        kind,
        brokerName: input.text(),
        brokerIds: readIds(input),
        evenLiving: input.flag(),
        there: readIds(input),
      }
    default:
      throw new MalformedBytesError(`command of kind ${number}, which this controller does not know: upgrade it`)
  }
}

function writeElection(out: ByteWriter, command: ElectMaster): void {
  out.text(command.brokerName)
  out.int64((command.brokerId ?? -1) + 1)
  writeFlag(out, command.isDesignated)
  writeFlag(out, command.isUncleanAllowed)
  out.int32(command.reports.length)
  for (const { brokerId, life, epoch, maxOffset, priority } of command.reports) {
    out.int64(brokerId)
    out.int8(LIVES.indexOf(life))
    out.int32(epoch)
    out.int64(maxOffset + 1)
    out.int32(priority)
  }
}

function readElection(input: ByteReader): ElectMaster {
  const brokerName = input.text()
  const brokerId = input.int64() - 1
  return {
    kind: 'electMaster',
    brokerName,
    brokerId: brokerId < 0 ? undefined : brokerId,
    isDesignated: input.flag(),
    isUncleanAllowed: input.flag(),
    reports: Array.from({ length: input.count(REPORT_BYTES) }, () => readReport(input)),
  }
}

function readReport(input: ByteReader): ReplicaReport {
  const brokerId = input.int64()
  const life = LIVES[input.int8()]
  if (life === undefined) throw new MalformedBytesError(`broker ${brokerId} is in no state of life that is known here`)
  return { brokerId, life, epoch: input.int32(), maxOffset: input.int64() - 1, priority: input.int32() }
}

export function writeIds(out: ByteWriter, ids: readonly number[]): void {
  out.int32(ids.length)
  for (const id of ids) out.int64(id)
}

export function readIds(input: ByteReader): number[] {
  return Array.from({ length: input.count(ID_BYTES) }, () => input.int64())
}

function writeFlag(out: ByteWriter, value: boolean): void {
  out.int8(value ? 1 : 0)
}
