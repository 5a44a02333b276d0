import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'

/*
 * Whether the server of this container does its work, for Docker's HEALTHCHECK: exit code 0 or 1, with one line that says
 * why. It asks over the server's own port, so a process that is there but stuck is not healthy. Nothing of the engine is
 * loaded: a check takes some 30 ms of CPU time.
 *
 *   healthcheck.ts [HOST:PORT]     without an address: the one that the container's first process listens on
 *
 * The question is a request with a code that nobody has: every RocketMQ server answers that it does not know it.
 * Frame: length of what follows (4 bytes), serialization and header length (1 + 3 bytes), header as JSON.
 */

const timeoutMs = 4000
const unknownCode = 0
const opaque = 1
const responseFlag = 1
const headerAt = 8

/** What the first process was started with: program and conf file. */
function ownServer(): { host: string; port: number } {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  const program = words.find((word) => /^mq[a-z]+$/.test(word)) ?? ''
  const flag = words.findIndex((word) => word === '-c' || word === '-pc' || word === '--configFile')
  const confFile = flag < 0 ? undefined : words[flag + 1]
  const conf = confFile !== undefined && existsSync(confFile) ? readFileSync(confFile, 'utf8') : ''
  // Of a properties file, or of a proxy's JSON.
  const settingOf = (key: string) => new RegExp(`^\\s*"?${key}"?\\s*[=:]\\s*"?([^",\\s]+)`, 'm').exec(conf)?.[1]
  const bound = settingOf('bindAddress') ?? '0.0.0.0'
  return { host: bound === '0.0.0.0' ? '127.0.0.1' : bound, port: Number(portOf(program, settingOf)) }
}

function portOf(program: string, settingOf: (key: string) => string | undefined): string {
  switch (program) {
    case 'mqnamesrv':
      return settingOf('listenPort') ?? '9876'
    case 'mqproxy':
      return settingOf('remotingListenPort') ?? '8080'
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

function given(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

function question(): Buffer {
  const header = Buffer.from(JSON.stringify({ code: unknownCode, language: 'OTHER', version: 0, opaque, flag: 0 }))
  const head = Buffer.alloc(headerAt)
  head.writeUInt32BE(4 + header.length, 0)
  head.writeUInt32BE(header.length, 4)
  return Buffer.concat([head, header])
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
const { host, port } = address === undefined ? ownServer() : given(address)
const where = `${host}:${port}`
let received = Buffer.alloc(0)
const socket = connect({ host, port }, () => socket.write(question()))
socket.setTimeout(timeoutMs, () => end(false, `${where} did not answer within ${timeoutMs} ms`))
socket.on('error', ({ message }) => end(false, `${where}: ${message}`))
socket.on('close', () => end(false, `${where} closed the connection`))
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk])
  const answer = isAnswer(received)
  if (answer !== undefined) end(answer, answer ? `${where} answers` : `${where} gave no RocketMQ answer`)
})
