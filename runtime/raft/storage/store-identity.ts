import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { Disk } from '../../io/disk.ts'
import { RaftStoreError } from './store-error.ts'

/*
 * Whose store a folder is, in the file `identity`:
 *
 *   format=1
 *   group=<controllerDLegerGroup>
 *   self=<controllerDLegerSelfId>
 */
const FORMAT = '1'

export interface StoreIdentity {
  readonly group: string
  readonly selfId: string
}

/** Checks that the folder is this member's store; writes it down when the folder is new. */
export function checkIdentity(disk: Disk, folder: string, { group, selfId }: StoreIdentity): void {
  const path = `${folder}/identity`
  if (disk.stat(path) === undefined) {
    const state = `${folder}/state-0`
    if (disk.stat(state) !== undefined) {
      throw new RaftStoreError(`${path} is missing although ${state} is there: restore it; it says whose store this is`)
    }
    writeFileAtomic(disk, path, Buffer.from(`format=${FORMAT}\ngroup=${group}\nself=${selfId}\n`))
    return
  }
  const fields = parse(String(disk.readFile(path)))
  const format = fields.get('format')
  const found = { group: fields.get('group'), self: fields.get('self') }
  if (format === undefined || found.group === undefined || found.self === undefined) {
    throw new RaftStoreError(`${path} is damaged: restore it, or move the folder away and start with an empty one`)
  }
  if (format !== FORMAT)
    throw new RaftStoreError(`${path}: format ${format} is not known; this version knows ${FORMAT}`)
  if (found.group !== group) {
    throw new RaftStoreError(
      `${folder} is the store of group "${found.group}", not of "${group}": set another store path, or the group back`,
    )
  }
  if (found.self !== selfId) {
    throw new RaftStoreError(
      `${folder} is the store of member "${found.self}", not of "${selfId}": set another store path, or the self id back`,
    )
  }
}

function parse(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string])
  return new Map(pairs.filter(([, value]) => value !== undefined))
}
