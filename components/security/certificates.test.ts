import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { endOf, isFor, isSignedBy } from './certificate-facts.ts'
import { newAuthority, newCertificate } from './certificates.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-certificates-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NOW = Date.now()
const REQUEST = { name: 'broker-a-0', addresses: ['127.0.0.1', 'fd00::7', 'broker-a-0'], validDays: 365 }

function save(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('openssl takes what an authority has signed, for servers and for clients, and no stranger’s', () => {
  const authority = newAuthority('Shop authority 1', NOW)
  const [ca, cert] = [save('ca', authority.cert), save('cert', newCertificate(authority, REQUEST, NOW).cert)]
  const other = save('other', newAuthority('Shop authority 1', NOW).cert)
  const verify = (trusted: string, purpose: string) =>
    execFileSync('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', trusted, cert], {
      stdio: 'pipe',
    })
  for (const purpose of ['sslserver', 'sslclient']) expect(String(verify(ca, purpose))).toBe(`${cert}: OK\n`)
  expect(() => verify(other, 'sslserver')).toThrow()
})

test('a certificate names its owner and its addresses, and ends when it is to', () => {
  const authority = newAuthority('Shop authority 1', NOW)
  const pair = newCertificate(authority, REQUEST, NOW)
  const parsed = new X509Certificate(pair.cert)
  expect([parsed.subject, parsed.issuer, parsed.ca]).toEqual(['CN=broker-a-0', 'CN=Shop authority 1', false])
  expect([parsed.checkIP('127.0.0.1'), parsed.checkIP('fd00::7'), parsed.checkIP('127.0.0.2')]).toEqual([
    '127.0.0.1',
    'fd00::7',
    undefined,
  ])
  expect(parsed.checkHost('broker-a-0')).toBe('broker-a-0')
  expect(Math.abs(endOf(pair.cert) - NOW - 365 * 86_400_000)).toBeLessThan(1000)
  expect(parsed.serialNumber).toHaveLength(32)
})

test('what a certificate is of is told from what it is not of', () => {
  const [authority, stranger] = [newAuthority('Shop authority 1', NOW), newAuthority('Shop authority 1', NOW)]
  const [pair, other] = [newCertificate(authority, REQUEST, NOW), newCertificate(authority, REQUEST, NOW)]
  expect([isSignedBy(pair.cert, authority.cert), isSignedBy(pair.cert, stranger.cert)]).toEqual([true, false])
  expect(isFor(pair, REQUEST)).toBe(true)
  expect(isFor({ ...pair, key: other.key }, REQUEST)).toBe(false)
  expect(isFor(pair, { ...REQUEST, name: 'broker-a-1' })).toBe(false)
  expect(isFor(pair, { ...REQUEST, addresses: ['10.0.0.1'] })).toBe(false)
  expect(isFor(pair, { ...REQUEST, addresses: ['broker-b-0'] })).toBe(false)
})
