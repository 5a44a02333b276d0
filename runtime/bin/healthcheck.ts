import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

/*
 * Whether the server of this container does its work, for Docker's HEALTHCHECK: exit code 0 or 1, with one line that says
 * why. It asks over the server's own port, so a process that is there but stuck is not healthy. Nothing of the engine is
 * loaded, but for TLS: a check takes some 30 ms of CPU time. Where the port takes nothing but TLS, the server's own certificate is
 * shown to it; the one it shows is not judged, for what is asked is only whether it answers.
 *
 *   healthcheck.ts [HOST:PORT]     without an address: the one that the container's first process listens on
 *
 * The question is a request with a code that nobody has: every RocketMQ server answers that it does not know it. A proxy speaks
 * HTTP/2 instead: the beginning of a connection is answered by a SETTINGS frame (RFC 9113, 3.4).
 * Frame: length of what follows (4 bytes), serialization and header length (1 + 3 bytes), header as JSON.
 */

const timeoutMs = 4000
const unknownCode = 0
const opaque = 1
const responseFlag = 1
const headerAt = 8
const frameHeaderBytes = 9
const settingsFrame = 4

/** What the first process was started with: program and conf file. */
function ownServer(): { host: string; port: number; speaksHttp2: boolean } {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  const program = words.find((word) => /^mq[a-z]+$/.test(word)) ?? ''
  const flag = words.findIndex((word) => word === '-c' || word === '-pc' || word === '--configFile')
  const confFile = flag < 0 ? undefined : words[flag + 1]
  const conf = confFile !== undefined && existsSync(confFile) ? readFileSync(confFile, 'utf8') : ''
  // Of a properties file, or of a proxy's JSON.
  const settingOf = (key: string) => new RegExp(`^\\s*"?${key}"?\\s*[=:]\\s*"?([^",\\s]+)`, 'm').exec(conf)?.[1]
  const bound = settingOf('bindAddress') ?? '0.0.0.0'
  return {
    host: bound === '0.0.0.0' ? '127.0.0.1' : bound,
    port: Number(portOf(program, settingOf)),
    speaksHttp2: program === 'mqproxy',
  }
}

function portOf(program: string, settingOf: (key: string) => string | undefined): string {
  switch (program) {
    case 'mqnamesrv':
      return settingOf('listenPort') ?? '9876'
    case 'mqproxy':
      return settingOf('grpcServerPort') ?? '8081'
    case 'mqcontroller': {
      // It serves on the port that its peers have for it: `n0-host:port;n1-host:port`.
      const peers = settingOf('controllerDLegerPeers')?.split(';') ?? []
      const own = peers.find((peer) => peer.startsWith(`${settingOf('controllerDLegerSelfId')}-`))
      return own?.slice(own.lastIndexOf(':') + 1) ?? '0'
    }
    default:
      return settingOf('listenPort') ?? '10911'
  }
}

function given(address: string): ReturnType<typeof ownServer> {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)), speaksHttp2: false }
}

/** How to speak TLS with a server that takes nothing else; undefined for a plain connection. */
async function tlsOf(isProxy: boolean): Promise<ConnectionOptions | undefined> {
  const { JAVA_OPT = '', JAVA_OPT_EXT = '' } = process.env
  if (!`${JAVA_OPT} ${JAVA_OPT_EXT}`.includes('-Dtls.') && !existsSync('/etc/rocketmq/tls.properties')) return undefined
  const { findProxyTlsConf, findTlsConf } = await import('./tls-settings.ts')
  const any = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
  if (isProxy) {
    const found = findProxyTlsConf(process.env)
    // The port of gRPC asks for no certificate.
    return found.ok && found.conf.ports.mode === 'enforcing' ? { ...any, ALPNProtocols: ['h2'] } : undefined
  }
  const found = findTlsConf(process.env)
  if (!found.ok || found.conf.server?.mode !== 'enforcing') return undefined
  const { readPemFiles } = await import('../io/tls/pem-files.ts')
  return { ...any, ...readPemFiles({ key: found.conf.server, trustCertPath: undefined }) }
}

function question(): Buffer {
  const header = Buffer.from(JSON.stringify({ code: unknownCode, language: 'OTHER', version: 0, opaque, flag: 0 }))
  const head = Buffer.alloc(headerAt)
  head.writeUInt32BE(4 + header.length, 0)
  head.writeUInt32BE(header.length, 4)
  return Buffer.concat([head, header])
}

/** The client's preface and an empty SETTINGS frame. */
function preface(): Buffer {
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([0, 0, 0, settingsFrame, 0, 0, 0, 0, 0]),
  ])
}

function isSettings(bytes: Buffer): boolean | undefined {
  return bytes.length < frameHeaderBytes ? undefined : bytes[3] === settingsFrame
}

/** Undefined while the answer is not complete. */
function isAnswer(bytes: Buffer): boolean | undefined {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE(0)) return undefined
  const header = bytes.toString('utf8', headerAt, headerAt + (bytes.readUInt32BE(4) & 0xffffff))
  const { opaque: answered, flag } = JSON.parse(header) as { opaque?: number; flag?: number }
  return answered === opaque && ((flag ?? 0) & responseFlag) !== 0
}

function end(healthy: boolean, word: string): never {
  process.stdout.write(`${word}\n`)
  process.exit(healthy ? 0 : 1)
}

const [, , address] = process.argv
const { host, port, speaksHttp2 } = address === undefined ? ownServer() : given(address)
const where = `${host}:${port}`
let received = Buffer.alloc(0)
const socket = await open()
socket.setTimeout(timeoutMs, () => end(false, `${where} did not answer within ${timeoutMs} ms`))
socket.on('error', ({ message }) => end(false, `${where}: ${message}`))
socket.on('close', () => end(false, `${where} closed the connection`))
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk])
  const answer = speaksHttp2 ? isSettings(received) : isAnswer(received)
  if (answer !== undefined) end(answer, answer ? `${where} answers` : `${where} gave no RocketMQ answer`)
})

/** A connection that sends the question when it is there. */
async function open(): Promise<Socket> {
  let tls: ConnectionOptions | undefined
  try {
    tls = await tlsOf(speaksHttp2)
  } catch (error) {
    end(false, (error as Error).message)
  }
  const ask = () => void made.write(speaksHttp2 ? preface() : question())
  const made: Socket =
    tls === undefined ? connect({ host, port }, ask) : (await import('node:tls')).connect({ ...tls, host, port }, ask)
  return made
}
