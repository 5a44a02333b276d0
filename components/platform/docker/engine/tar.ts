import { createReadStream, lstatSync, readlinkSync } from 'node:fs'

/*
 * A tar archive as POSIX has it (ustar): for each entry a header of 512 bytes, then its content filled up to a multiple of
 * 512; two empty blocks at the end. Numbers are octal texts.
 *
 *     0  name     100  mode  108  uid  116  gid  124  size  136  mtime  148  checksum  156  type  157  link target
 *   257  "ustar\0" "00"      345  prefix: what stands before the name, with a slash between
 */

/** A file, a link or a folder. */
export interface TarEntry {
  /** A folder's ends with a slash. */
  readonly path: string
  readonly content: TarContent
}

/** Bytes, the file that has them (links are kept as links), or a folder. */
type TarContent =
  | { readonly text: string; readonly mode: number; readonly owner?: TarOwner }
  | { readonly file: string }
  | { readonly folderMode: number; readonly owner?: TarOwner }

interface TarOwner {
  readonly uid: number
  readonly gid: number
}

const blockBytes = 512
const typeFile = '0'
const typeLink = '2'
const typeFolder = '5'

interface Header {
  readonly path: string
  readonly mode: number
  readonly sizeBytes: number
  readonly type: string
  readonly target?: string
  readonly uid?: number
  readonly gid?: number
}

/** The archive, piece by piece. Owners are root unless said, times are zero: the same files give the same bytes. */
export async function* tarOf(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for (const { path, content } of entries) {
    if ('folderMode' in content) yield folderEntry(path, content)
    else if ('text' in content) yield* textEntry(path, content)
    else yield* fileEntry(path, content.file)
  }
  yield Buffer.alloc(2 * blockBytes)
}

function folderEntry(path: string, { folderMode, owner }: Extract<TarContent, { folderMode: number }>): Buffer {
  return header({ path, mode: folderMode, sizeBytes: 0, type: typeFolder, ...owner })
}

function* textEntry(path: string, { text, mode, owner }: Extract<TarContent, { text: string }>): Generator<Uint8Array> {
  const bytes = Buffer.from(text)
  yield header({ path, mode, sizeBytes: bytes.length, type: typeFile, ...owner })
  yield bytes
  yield fill(bytes.length)
}

async function* fileEntry(path: string, file: string): AsyncGenerator<Uint8Array> {
  const stats = lstatSync(file)
  if (stats.isSymbolicLink()) {
    yield header({ path, mode: 0o777, sizeBytes: 0, type: typeLink, target: readlinkSync(file) })
    return
  }
  // Whoever runs the image is not the one who owns the files: what the owner may read and run, all may.
  const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755
  yield header({ path, mode, sizeBytes: stats.size, type: typeFile })
  let sentBytes = 0
  for await (const chunk of createReadStream(file)) {
    sentBytes += (chunk as Buffer).length
    yield chunk as Buffer
  }
  if (sentBytes !== stats.size) throw new Error(`${file} changed while it was read`)
  yield fill(stats.size)
}

const fill = (sizeBytes: number): Buffer => Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes)

function header({ path, mode, sizeBytes, type, target = '', uid = 0, gid = 0 }: Header): Buffer {
  const block = Buffer.alloc(blockBytes)
  const { prefix, name } = split(path)
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  block.write(name, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(uid, 7), 108)
  block.write(octal(gid, 7), 116)
  block.write(octal(sizeBytes, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(' '.repeat(8), 148)
  block.write(type, 156)
  if (Buffer.byteLength(target) > 100)
    throw new RangeError(`the target of the link ${path} is too long for a tar archive`)
  block.write(target, 157)
  block.write('ustar\0', 257)
  block.write('00', 263)
  block.write(prefix, 345)
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  )
  return block
}

/** Entries that say more of the next one, and of all. */
const extendedHeader = /[xg]/

const numberAt = (archive: Buffer, from: number, to: number): number =>
  Number.parseInt(archive.toString('latin1', from, to), 8)

/** Where the first header of a file or folder is; undefined when the archive ends before it does. */
function firstHeader(archive: Buffer): number | undefined {
  for (let at = 0; at + blockBytes <= archive.length; ) {
    if (!extendedHeader.test(archive.toString('latin1', at + 156, at + 157))) return at
    at += blockBytes * (1 + Math.ceil(numberAt(archive, at + 124, at + 136) / blockBytes))
  }
  return undefined
}

/** The content of the first file in an archive. @throws RangeError when it ends before that does */
export function firstFileOf(archive: Buffer): Buffer {
  const at = firstHeader(archive)
  if (at !== undefined) {
    const sizeBytes = numberAt(archive, at + 124, at + 136)
    const content = archive.subarray(at + blockBytes, at + blockBytes + sizeBytes)
    if (content.length === sizeBytes) return content
  }
  throw new RangeError(`a tar archive of ${archive.length} bytes ends before its first file does`)
}

/** `uid:gid` of the first entry of an archive, of which the beginning is enough; undefined when it is too little of it. */
export function firstOwnerOf(archive: Buffer): string | undefined {
  const at = firstHeader(archive)
  return at === undefined
    ? undefined
    : `${numberAt(archive, at + 108, at + 116)}:${numberAt(archive, at + 116, at + 124)}`
}

function split(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(name) <= 100 && name !== '' && Buffer.byteLength(prefix) <= 155) return { prefix, name }
  }
  throw new RangeError(`${path} is too long for a tar archive`)
}
