import { gzipBytes } from '../../../artifact/gzip-bytes.ts'

/** EC2's limit, before it is encoded. */
const bytesMax = 16_384

/**
 * User data as EC2 takes it, in base64: as it stands, or compressed when that is too long (cloud-init looks for that).
 * @throws RangeError when even that is too long.
 */
export function encodeUserData(text: string, node: string): string {
  const plain = Buffer.from(text)
  if (plain.length <= bytesMax) return plain.toString('base64')
  const packed = gzipBytes(plain, 9)
  if (packed.length <= bytesMax) return packed.toString('base64')
  throw new RangeError(
    `the user data of ${node} has ${packed.length} bytes even when compressed, EC2 takes ${bytesMax}: its conf file is too long`,
  )
}
