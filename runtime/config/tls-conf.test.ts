import { describe, expect, test } from 'vitest'
import { parseProxyTlsConf, parseTlsConf, tlsSystemProperties } from './tls-conf.ts'

const of = (...texts: string[]) => parseTlsConf(texts.map((text, i) => ({ name: `source ${i}`, text })))
const SERVER = 'tls.server.keyPath=/k.pem\ntls.server.certPath=/c.pem\n'

describe('settings of TLS', () => {
  test('nothing said: no TLS', () => {
    expect(of('')).toEqual({ ok: true, conf: { server: undefined, client: undefined } })
  })

  test('a certificate makes a port take TLS beside plain connections, as in Apache RocketMQ', () => {
    expect(of(`tls.test.mode.enable=false\n${SERVER}`)).toEqual({
      ok: true,
      conf: {
        client: undefined,
        server: {
          mode: 'permissive',
          clientAuth: 'none',
          keyPath: '/k.pem',
          certPath: '/c.pem',
          keyPassword: undefined,
          trustCertPath: undefined,
        },
      },
    })
  })

  test('what comes later counts more', () => {
    const answer = of(`${SERVER}tls.server.mode=permissive`, 'tls.server.mode=ENFORCING\ntls.server.keyPassword=secret')
    expect(answer).toMatchObject({ conf: { server: { mode: 'enforcing', keyPassword: 'secret' } } })
  })

  test('clients verify servers, and have a certificate of their own', () => {
    const text = [
      'tls.enable=true',
      'tls.client.authServer=true',
      'tls.client.trustCertPath=/ca.pem',
      'tls.client.keyPath=/k',
      'tls.client.certPath=/c',
    ].join('\n')
    expect(of(text)).toMatchObject({
      conf: { client: { trustCertPath: '/ca.pem', own: { keyPath: '/k', certPath: '/c' } }, server: undefined },
    })
  })

  test.each([
    ['tls.server.mode=enforcing', 'tls.server.mode = enforcing: a certificate is needed: set tls.server.keyPath'],
    ['tls.server.mode=strict', 'set it to one of disabled, permissive, enforcing'],
    ['tls.server.keyPath=/k', 'tls.server.keyPath = /k: set tls.server.certPath as well'],
    [`${SERVER}tls.server.authClient=true`, 'set tls.server.trustCertPath to the certificates that are trusted'],
    [`${SERVER}tls.server.need.client.auth=required`, 'set it to one of none, optional, require'],
    ['tls.enable=yes', 'tls.enable = yes: set it to true or false'],
    ['tls.server.certpath=/c', 'tls.server.certpath is no setting of TLS; did you mean tls.server.certPath?'],
    ['tls.test.mode.enable=true', 'servers make no certificates of their own'],
    ['tls.server.keyPath=\\u00', 'source 0, line 1: '],
  ])('%j is refused', (text, error) => {
    const answer = of(text)
    expect(answer.ok).toBe(false)
    expect(answer.ok ? '' : answer.errors.join('\n')).toContain(error)
  })

  test('a password is in no message', () => {
    const answer = of('tls.server.keyPassword=hunter2\ntls.server.mode=enforcing')
    expect(JSON.stringify(answer)).not.toContain('hunter2')
  })

  test('scripts give system properties of Java', () => {
    expect(tlsSystemProperties('-server -Xmx1g -Dtls.server.mode=enforcing  -Dfoo=bar -Dtls.enable=true')).toBe(
      'tls.server.mode=enforcing\ntls.enable=true',
    )
  })
})

describe('settings of TLS, for a proxy', () => {
  const ofProxy = (text: string) => parseProxyTlsConf([{ name: 'tls.properties', text }])

  test('ports take TLS unless told otherwise, and no key is asked for: it stands in rmq-proxy.json', () => {
    const ports = { mode: 'permissive', clientAuth: 'none', trustCertPath: undefined }
    expect(ofProxy('')).toEqual({ ok: true, conf: { ports, client: undefined } })
    for (const mode of ['disabled', 'enforcing']) {
      expect(ofProxy(`tls.server.mode=${mode}`)).toEqual({
        ok: true,
        conf: { ports: { ...ports, mode }, client: undefined },
      })
    }
  })

  test('what is wrong is said', () => {
    expect(ofProxy('tls.server.mode=strict')).toEqual({
      ok: false,
      errors: ['tls.properties: tls.server.mode = strict: set it to one of disabled, permissive, enforcing'],
    })
  })
})
