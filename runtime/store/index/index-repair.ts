import type { IndexFile } from './index-file.ts'

/** Entries looked at before the walk checks its block; see {@link repairIndexFile}. */
const STEP = 204

export interface IndexRepair {
  readonly keptEntries: number
  readonly droppedEntries: number
}

/**
 * Makes an index file sound after an unclean stop. Its entries count as far as they form a plausible run: offsets into
 * the commit log that never fall, links that lead backwards. What Java wrote without syncing may end earlier than
 * its header says; the entries of the message at the break are dropped as well, for some of them may be missing. Slots are
 * made anew. Java deletes the file instead, and with it the keys of messages that recovery does not look at again.
 */
export function repairIndexFile(file: IndexFile): IndexRepair {
  const before = file.header.count
  let end = plausibleEnd(file)
  if (end < before) {
    const brokenAt = end > 1 ? file.entry(end - 1).phyOffset : 0
    while (end > 1 && file.entry(end - 1).phyOffset === brokenAt) end--
  }
  file.cutTo(end)
  file.resetSlots()
  for (let number = 1; number < end; number++) file.replay(entryForward(file, number, end).hash, number)
  if (end < before) setEnd(file, end)
  return { keptEntries: end - 1, droppedEntries: before - end }
}

/** Sets the header's end to that of the last entry; the time is known to the second. */
export function setEnd(file: IndexFile, count: number): void {
  const { header } = file
  if (count <= 1) {
    header.beginPhyOffset = 0
    header.beginTimestamp = 0
    header.endPhyOffset = 0
    header.endTimestamp = 0
    return
  }
  const last = file.entry(count - 1)
  header.endPhyOffset = last.phyOffset
  header.endTimestamp = Math.min(header.endTimestamp, header.beginTimestamp + last.seconds * 1000 + 999)
}

function plausibleEnd(file: IndexFile): number {
  const { count } = file.header
  let phyOffset = 0
  for (let number = 1; number < count; number++) {
    const entry = entryForward(file, number, count)
    const isPlausible =
      entry.hash >= 0 &&
      entry.phyOffset >= phyOffset &&
      entry.seconds >= 0 &&
      entry.previous >= 0 &&
      entry.previous < number
    if (!isPlausible) return number
    phyOffset = entry.phyOffset
  }
  return count
}

/** Reads forwards through blocks that are filled backwards: touching the end of a block first loads all of it. */
function entryForward(file: IndexFile, number: number, end: number) {
  if ((number - 1) % STEP === 0) file.entry(Math.min(number + STEP, end) - 1)
  return file.entry(number)
}
