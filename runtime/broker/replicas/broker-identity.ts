import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { Disk } from '../../io/disk.ts'

/** Who a broker is for the controllers: the id they gave it, kept beside its store. */
export interface BrokerIdentity {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerId: number
}

/** An id that was asked for, but not granted yet; the code tells the controllers that the same broker asks again. */
export interface WantedIdentity extends BrokerIdentity {
  readonly registerCheckCode: string
}

/** An identity file that cannot be used, with what to do. */
class BrokerIdentityError extends Error {
  override readonly name = 'BrokerIdentityError'
}

/*
 * storePathBrokerIdentity     cluster#brokerName#brokerId
 * storePathBrokerIdentity-temp  cluster#brokerName#brokerId#registerCheckCode
 * Text without a line end. Source: BrokerMetadata, TempBrokerMetadata.
 */
const SEPARATOR = '#'

/** The two files that hold a broker's identity in controller mode. */
export class IdentityFiles {
  readonly #disk: Disk
  readonly #path: string
  readonly #tempPath: string

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
    this.#tempPath = `${path}-temp`
  }

  /** @throws BrokerIdentityError when the file is damaged */
  load(): BrokerIdentity | undefined {
    const fields = this.#read(this.#path, 3)
    return fields && identityOf(fields, this.#path)
  }

  /** @throws BrokerIdentityError when the file is damaged */
  loadWanted(): WantedIdentity | undefined {
    const fields = this.#read(this.#tempPath, 4)
    return fields && { ...identityOf(fields, this.#tempPath), registerCheckCode: fields[3]! }
  }

  save({ clusterName, brokerName, brokerId }: BrokerIdentity): void {
    this.#write(this.#path, [clusterName, brokerName, String(brokerId)])
  }

  /** The broker is nobody any more: it gets another id. */
  remove(): void {
    this.#disk.remove(this.#path)
  }

  saveWanted({ clusterName, brokerName, brokerId, registerCheckCode }: WantedIdentity): void {
    this.#write(this.#tempPath, [clusterName, brokerName, String(brokerId), registerCheckCode])
  }

  removeWanted(): void {
    this.#disk.remove(this.#tempPath)
  }

  #write(path: string, fields: readonly string[]): void {
    writeFileAtomic(this.#disk, path, Buffer.from(fields.join(SEPARATOR)))
  }

  #read(path: string, count: number): string[] | undefined {
    if (this.#disk.stat(path) === undefined) return undefined
    const text = this.#disk.readFile(path).toString().trim()
    const fields = text.split(SEPARATOR)
    if (fields.length === count && fields.every((field) => field !== '')) return fields
    throw damaged(path, text)
  }
}

function identityOf([clusterName = '', brokerName = '', id = '']: readonly string[], path: string): BrokerIdentity {
  const brokerId = Number(id)
  if (Number.isSafeInteger(brokerId) && brokerId > 0) return { clusterName, brokerName, brokerId }
  throw damaged(path, [clusterName, brokerName, id].join(SEPARATOR))
}

function damaged(path: string, text: string): BrokerIdentityError {
  return new BrokerIdentityError(
    `${path} holds ${JSON.stringify(text.slice(0, 200))}, expected cluster#brokerName#brokerId: restore it from ${path}.bak, or remove it to join as a new replica (the old id is then to be removed with "mqadmin cleanBrokerMetadata")`,
  )
}

/** @throws BrokerIdentityError when a file belongs to another broker than the one that is configured. */
export function checkIdentity(
  identity: BrokerIdentity,
  expected: Pick<BrokerIdentity, 'clusterName' | 'brokerName'>,
  path: string,
): void {
  for (const key of ['clusterName', 'brokerName'] as const) {
    if (identity[key] === expected[key]) continue
    throw new BrokerIdentityError(
      `${path} belongs to ${key} ${identity[key]}, but this broker is configured with ${expected[key]}: use another storePathRootDir, or set ${key === 'clusterName' ? 'brokerClusterName' : key} back`,
    )
  }
}
