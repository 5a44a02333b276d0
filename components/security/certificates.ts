import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import * as asn1 from '@peculiar/asn1-x509'
import type { CertificateRequest, KeyAndCert } from './certificate-facts.ts'

/*
 * Certificates of a cluster (RFC 5280): an authority, and what it signs. The structures and their DER form are those of
 * @peculiar/asn1-x509; keys and signatures are Node's own (docs/decisions/0017).
 */

const dayMs = 86_400_000
/** Clocks differ: what is made on one machine has to be valid on another at once. */
const skewMs = 3_600_000
/** Node's certificates live a year, an authority for ten. */
const authorityDays = 3650
const commonName = '2.5.4.3'
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const serialBytes = 16

/** A new authority, which vouches for what it signs until it is ten years old. */
export function newAuthority(name: string, nowMs: number): KeyAndCert {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const usage = asn1.KeyUsageFlags.keyCertSign | asn1.KeyUsageFlags.cRLSign
  const contents = {
    subject: nameOf(name),
    issuer: nameOf(name),
    spki,
    validity: validity(nowMs, authorityDays),
    extensions: [
      // It signs no further authorities.
      extension(asn1.id_ce_basicConstraints, new asn1.BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(asn1.id_ce_keyUsage, new asn1.KeyUsage(usage), true),
      extension(asn1.id_ce_subjectKeyIdentifier, new asn1.SubjectKeyIdentifier(keyIdentifier(spki))),
    ],
  }
  return { key, cert: signed(contents, key) }
}

/** A new key, and a certificate by which its owner is known both as server and as client. */
export function newCertificate(authority: KeyAndCert, request: CertificateRequest, nowMs: number): KeyAndCert {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const usage = asn1.KeyUsageFlags.digitalSignature
  const purposes = new asn1.ExtendedKeyUsage([asn1.id_kp_serverAuth, asn1.id_kp_clientAuth])
  const issuer = AsnConvert.parse(derOf(authority.cert), asn1.Certificate).tbsCertificate.subject
  const authorityKey = createPublicKey(authority.cert).export({ type: 'spki', format: 'der' })
  const names = request.addresses.map((address) =>
    isIP(address) ? new asn1.GeneralName({ iPAddress: address }) : new asn1.GeneralName({ dNSName: address }),
  )
  const contents = {
    subject: nameOf(request.name),
    issuer,
    spki,
    validity: validity(nowMs, request.validDays),
    extensions: [
      extension(asn1.id_ce_basicConstraints, new asn1.BasicConstraints({ cA: false }), true),
      extension(asn1.id_ce_keyUsage, new asn1.KeyUsage(usage), true),
      extension(asn1.id_ce_extKeyUsage, purposes),
      extension(asn1.id_ce_subjectKeyIdentifier, new asn1.SubjectKeyIdentifier(keyIdentifier(spki))),
      extension(
        asn1.id_ce_authorityKeyIdentifier,
        new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(keyIdentifier(authorityKey)) }),
      ),
      ...(names.length === 0 ? [] : [extension(asn1.id_ce_subjectAltName, new asn1.SubjectAlternativeName(names))]),
    ],
  }
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { key, cert: signed(contents, authority.key) }
}

interface Contents {
  readonly subject: asn1.Name
  readonly issuer: asn1.Name
  readonly spki: Buffer
  readonly validity: asn1.Validity
  readonly extensions: asn1.Extension[]
}

function signed({ subject, issuer, spki, validity, extensions }: Contents, key: string): string {
  const algorithm = new asn1.AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    ...{ issuer, subject, validity },
    subjectPublicKeyInfo: AsnConvert.parse(spki, asn1.SubjectPublicKeyInfo),
    extensions: new asn1.Extensions(extensions),
  })
  const signatureValue = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), createPrivateKey(key))
  const whole = new asn1.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bytesOf(signatureValue),
  })
  return new X509Certificate(Buffer.from(AsnConvert.serialize(whole))).toString()
}

/** Positive and without a leading zero, as DER wants it. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(serialBytes)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytesOf(bytes)
}

function nameOf(name: string): asn1.Name {
  const value = new asn1.AttributeValue({ utf8String: name })
  const attribute = new asn1.AttributeTypeAndValue({ type: commonName, value })
  return new asn1.Name([new asn1.RelativeDistinguishedName([attribute])])
}

const validity = (nowMs: number, days: number): asn1.Validity =>
  new asn1.Validity({ notBefore: new Date(nowMs - skewMs), notAfter: new Date(nowMs + days * dayMs) })

const extension = (extnID: string, value: object, critical = false): asn1.Extension =>
  new asn1.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

/** Source: RFC 5280, 4.2.1.2 (1), over the whole of the key's description: any unique text will do. */
const keyIdentifier = (spki: Buffer): ArrayBuffer => bytesOf(createHash('sha1').update(spki).digest())

const derOf = (pem: string): ArrayBuffer => bytesOf(new X509Certificate(pem).raw)

/** In a buffer of their own. */
const bytesOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer
