import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, expect, it } from 'vitest'
import { TestAuthority } from '../io/tls/testing/test-authority.ts'
import { givenConf, givenConfPath } from './given-conf.ts'
import { liveConf, liveConfPath } from './live-conf.ts'

let server: Server | undefined

afterEach(() => server?.close())

/** The port of a server that does this with what arrives. */
async function serve(answer: (socket: Socket, request: Buffer) => void): Promise<number> {
  const made = createServer((socket) => socket.on('data', (request) => answer(socket, request)))
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return (made.address() as { port: number }).port
}

async function run(program: string, ...args: string[]): Promise<{ code: number | null; word: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args])
  let word = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      word += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, word: word.trim() }
}

/** A frame with this as its header. */
function frame(header: object): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(4 + text.length, 0)
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, text])
}

it('is healthy when the server answers, also in pieces', async () => {
  const port = await serve((socket, request) => {
    const { opaque, code } = JSON.parse(request.toString('utf8', 8)) as { opaque: number; code: number }
    expect(code).toBe(0)
    const bytes = frame({ code: 3, opaque, flag: 1 })
    socket.write(bytes.subarray(0, 3))
    setImmediate(() => socket.write(bytes.subarray(3)))
  })
  expect(await run('healthcheck.ts', `127.0.0.1:${port}`)).toEqual({ code: 0, word: `127.0.0.1:${port} answers` })
})

it('is not healthy when the server hangs up, answers something else or is not there', async () => {
  const port = await serve((socket) => socket.end())
  const where = `127.0.0.1:${port}`
  expect(await run('healthcheck.ts', where)).toEqual({ code: 1, word: `${where} closed the connection` })
  server?.close()
  expect(await run('healthcheck.ts', where)).toEqual({ code: 1, word: `${where}: connect ECONNREFUSED ${where}` })
  const other = await serve((socket) => socket.write(frame({ code: 0, opaque: 7, flag: 1 })))
  expect(await run('healthcheck.ts', `127.0.0.1:${other}`)).toEqual({
    code: 1,
    word: `127.0.0.1:${other} gave no RocketMQ answer`,
  })
})

it("a container's entry writes the conf file that comes in a variable", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-container-'))
  const path = join(folder, 'namesrv.conf')
  process.env['GANTRY_CONF'] = 'listenPort=4711\n'
  try {
    const { code, word } = await run('container.ts', 'mqnamesrv', '-c', path, '-p')
    expect([code, word]).toEqual([0, expect.stringContaining('listenPort=4711')])
    expect(readFileSync(path, 'utf8')).toBe('listenPort=4711\n')
    const lost = await run('container.ts', 'mqnamesrv')
    expect(lost).toMatchObject({ code: 1, word: expect.stringContaining('GANTRY_CONF is set, but') })
  } finally {
    delete process.env['GANTRY_CONF']
    rmSync(folder, { recursive: true })
  }
})

it('speaks TLS with a server that takes nothing else, and shows its certificate', async () => {
  const authority = new TestAuthority()
  const { keyPath, certPath } = authority.sign('broker')
  const [key, cert, ca] = [keyPath, certPath, authority.certPath].map((path) => readFileSync(path))
  const made = createTlsServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true } as object, (socket) =>
    socket.on('data', (request) => {
      const { opaque } = JSON.parse(request.toString('utf8', 8)) as { opaque: number }
      socket.write(frame({ code: 3, opaque, flag: 1 }))
    }),
  )
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  const where = `127.0.0.1:${(made.address() as { port: number }).port}`
  const file = join(authority.folder, 'tls.properties')
  const properties = `tls.server.keyPath=${keyPath}\ntls.server.certPath=${certPath}\n`
  process.env['JAVA_OPT_EXT'] = `-Dtls.config.file=${file}`
  try {
    writeFileSync(file, `${properties}tls.server.mode=enforcing\n`)
    expect(await run('healthcheck.ts', where)).toEqual({ code: 0, word: `${where} answers` })
    writeFileSync(file, properties)
    expect(await run('healthcheck.ts', where), 'a permissive port is asked without').toMatchObject({ code: 1 })
    writeFileSync(file, `${properties}tls.server.mode=enforcing\n`)
    writeFileSync(keyPath, '')
    const broken = await run('healthcheck.ts', where)
    expect(broken).toEqual({
      code: 1,
      word: expect.stringContaining(`${keyPath}, ${certPath} cannot be used together`),
    })
  } finally {
    delete process.env['JAVA_OPT_EXT']
    authority.remove()
  }
})

it("a container's entry takes a conf file with secrets from beside it, if it is this container's", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-container-'))
  const path = join(folder, 'namesrv.conf')
  const start = async () => {
    const { code, word } = await run('container.ts', 'mqnamesrv', '-c', path, '-p')
    return [code, /listenPort=\d+/.exec(word)?.[0] ?? word]
  }
  process.env['GANTRY_CONF_FOR'] = 'one'
  try {
    expect(await start()).toEqual([1, expect.stringContaining(`${path}.given is not there, or not for this container`)])
    writeFileSync(path, 'listenPort=4710\n')
    writeFileSync(givenConfPath(path), givenConf('one', 'listenPort=4711\n'))
    expect(await start()).toEqual([0, 'listenPort=4711'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    writeFileSync(liveConfPath(path), liveConf('listenPort=4711\n', 'listenPort=4712\n'))
    expect(await start()).toEqual([0, 'listenPort=4712'])
    writeFileSync(givenConfPath(path), givenConf('two', 'listenPort=4713\n'))
    expect(await start(), 'what is for the next container does not count').toEqual([0, 'listenPort=4712'])
    writeFileSync(givenConfPath(path), givenConf('one', 'listenPort=4714\n').slice(0, -2))
    expect(await start(), 'torn').toEqual([0, 'listenPort=4712'])
  } finally {
    delete process.env['GANTRY_CONF_FOR']
    rmSync(folder, { recursive: true })
  }
})

it("a container's entry names the programs there are", async () => {
  const { code, word } = await run('container.ts', 'mqbrokr')
  expect(code).toBe(1)
  expect(word).toMatch(/^gantry: give a program to run \(mqadmin, mqbroker,.* mqnamesrv.*\), e\.g\. mqbroker -c/)
  expect(await run('container.ts', 'mqadmin', 'help')).toMatchObject({
    code: 0,
    word: expect.stringContaining('clusterList'),
  })
})
