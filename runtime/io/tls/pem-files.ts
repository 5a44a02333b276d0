import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** Files with keys and certificates in PEM format. */
export interface PemFiles {
  readonly key:
    | { readonly keyPath: string; readonly certPath: string; readonly keyPassword: string | undefined }
    | undefined
  /** Certificates that vouch for those of the other side. */
  readonly trustCertPath: string | undefined
}

const LOOK_EVERY_MS = 2000

/**
 * What a side of TLS shows and whom it trusts, read from files.
 * @throws Error naming the file that cannot be read, or the files that do not belong together
 */
export function readPemFiles({ key, trustCertPath }: PemFiles): SecureContextOptions {
  const options: SecureContextOptions = { minVersion: 'TLSv1.2' }
  if (key !== undefined) {
    options.key = read(key.keyPath)
    options.cert = read(key.certPath)
    if (key.keyPassword !== undefined) options.passphrase = key.keyPassword
  }
  if (trustCertPath !== undefined) options.ca = read(trustCertPath)
  try {
    createSecureContext(options)
  } catch (error) {
    const files = [key?.keyPath, key?.certPath, trustCertPath].filter((path) => path !== undefined)
    throw new Error(`TLS: ${files.join(', ')} cannot be used together: ${(error as Error).message}`, { cause: error })
  }
  return options
}

/**
 * Reads the files again when one of them changes. While they do not belong together, as between the replacing of one and
 * of the other, what was read before stays in force and `onProblem` is told. Returns what ends the watching.
 */
export function watchPemFiles(
  files: PemFiles,
  onChanged: (options: SecureContextOptions) => void,
  onProblem: (error: Error) => void,
): () => void {
  const { key, trustCertPath } = files
  const paths = [key?.keyPath, key?.certPath, trustCertPath].filter((path) => path !== undefined)
  const look = (): void => {
    try {
      onChanged(readPemFiles(files))
    } catch (error) {
      onProblem(error as Error)
    }
  }
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look)
  return () => {
    for (const path of paths) unwatchFile(path, look)
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`TLS: ${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
