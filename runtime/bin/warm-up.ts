import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'

/*
 * Starts a NameServer and a broker, waits until the broker is registered and stops both: with NODE_COMPILE_CACHE set this
 * leaves their compiled code behind, so that every later start is faster. Run while an image is built, where it also shows
 * that what is in the image works.
 */

const folder = mkdtempSync(join(tmpdir(), 'gantry-warm-up-'))
/** `.ts`, or `.js` in a build. */
const extension = extname(import.meta.filename)
const nameServerPort = 39_876
const brokerPort = 40_911
const confFiles = {
  mqnamesrv: { listenPort: nameServerPort, bindAddress: '127.0.0.1', kvConfigPath: join(folder, 'kv.json') },
  mqbroker: {
    listenPort: brokerPort,
    bindAddress: '127.0.0.1',
    brokerIP1: '127.0.0.1',
    namesrvAddr: `127.0.0.1:${nameServerPort}`,
    storePathRootDir: join(folder, 'store'),
    mappedFileSizeCommitLog: 1024 * 1024,
  },
}

/** Starts a program and resolves when it says that it has started, with a function that stops it. */
function start(program: keyof typeof confFiles): Promise<() => Promise<void>> {
  const conf = join(folder, `${program}.conf`)
  const lines = Object.entries(confFiles[program]).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(conf, lines.join(''))
  const entry = join(import.meta.dirname, `container${extension}`)
  const child = spawn(process.execPath, [...process.execArgv, entry, program, '-c', conf], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    const code = await ended
    if (code !== 0) throw new Error(`${program} ended with ${code}`)
  }
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('boot success')) resolve(stop)
    })
    void ended.then((code) => reject(new Error(`${program} ended with ${code} before it had started`)))
  })
}

/** Runs a tool to its end. */
async function run(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
}

const stopNameServer = await start('mqnamesrv')
const stopBroker = await start('mqbroker')
const container = join(import.meta.dirname, `container${extension}`)
await run(container, 'mqadmin', 'clusterList', '-n', `127.0.0.1:${nameServerPort}`)
await run(join(import.meta.dirname, `healthcheck${extension}`), `127.0.0.1:${brokerPort}`)
await stopBroker()
await stopNameServer()
rmSync(folder, { recursive: true })
