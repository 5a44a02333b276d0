/*
 * A tar archive as POSIX.1-1988 (ustar) lays it out, without anything that differs from one machine or day to the next:
 * no owner, no times, sorted names.
 *
 * A header is 512 bytes, texts filled up with NUL, numbers in octal digits:
 *
 *   offset  bytes
 *        0    100  name
 *      100      8  mode
 *      108      8  uid
 *      116      8  gid
 *      124     12  size
 *      136     12  mtime
 *      148      8  checksum: sum of all header bytes, this field taken as blanks
 *      156      1  type: '0' file
 *      157    100  name of the link's target
 *      257      8  "ustar\0" "00"
 *      265     64  names of user and group
 *      329     16  device numbers
 *      345    155  prefix: what stands before the name and a '/'
 *
 * The bytes of the file follow, filled up to 512. Two empty blocks end the archive.
 */

export interface TarEntry {
  /** Relative, with '/' between folders. */
  readonly path: string
  readonly executable: boolean
  readonly bytes: Buffer
}

const blockBytes = 512
const nameBytesMax = 100
const prefixBytesMax = 155

/** Splits a path that is too long for the name at a '/'. */
function nameAndPrefix(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= nameBytesMax) return { name: path, prefix: '' }
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const name = path.slice(slash + 1)
    const prefix = path.slice(0, slash)
    if (Buffer.byteLength(name) <= nameBytesMax && Buffer.byteLength(prefix) <= prefixBytesMax) return { name, prefix }
  }
  throw new RangeError(
    `${path} is too long for a tar header: its name has ${nameBytesMax} bytes, what is before ${prefixBytesMax}`,
  )
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`

function header({ path, executable, bytes }: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes)
  const { name, prefix } = nameAndPrefix(path)
  block.write(name, 0)
  block.write(octal(executable ? 0o755 : 0o644, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(bytes.length, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  block.write(octal(0, 7), 329)
  block.write(octal(0, 7), 337)
  block.write(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)} `, 148)
  return block
}

const byPath = (a: TarEntry, b: TarEntry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

/** The archive of these files, the same bytes whatever their order. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const parts = entries.toSorted(byPath).flatMap((entry) => {
    const padding = (blockBytes - (entry.bytes.length % blockBytes)) % blockBytes
    return [header(entry), entry.bytes, Buffer.alloc(padding)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}
