import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate authority in a folder of its own, and what it signs, for tests. Made by openssl. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-tls-'))
  readonly certPath = join(this.folder, 'ca.crt')
  readonly #keyPath = join(this.folder, 'ca.key')

  constructor() {
    const made = ['-keyout', this.#keyPath, '-out', this.certPath, '-days', '2', '-subj', '/CN=test authority']
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...made)
  }

  /** A key and a certificate for a name, in `NAME.key` and `NAME.crt`; again: new ones in their place. */
  sign(name: string): { keyPath: string; certPath: string; keyPassword: undefined } {
    const [keyPath, certPath, request] = ['key', 'crt', 'csr'].map((end) => join(this.folder, `${name}.${end}`)) as [
      string,
      string,
      string,
    ]
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath]
    openssl('req', ...key, '-out', request, '-subj', `/CN=${name}`)
    const by = ['-CA', this.certPath, '-CAkey', this.#keyPath, '-CAcreateserial']
    const extensions = join(this.folder, 'extensions')
    writeFileSync(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
    openssl('x509', '-req', '-in', request, ...by, '-out', certPath, '-days', '2', '-extfile', extensions)
    return { keyPath, certPath, keyPassword: undefined }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}
