import { existsSync, mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runAdmin } from '../admin/run-admin.ts'
import { type Credentials, signer } from '../auth/remoting/signed-content.ts'
import { RealRandom } from '../io/random.ts'
import { RealClock } from '../io/real-clock.ts'
import { RealDisk } from '../io/real-disk.ts'
import { createNetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { silentLogger } from '../observe/logger.ts'
import { openNetwork } from './open-network.ts'

const CONNECT_TIMEOUT_MS = 3000
const STDOUT = 1
const STDERR = 2

/** Keys of a user in conf/tools.yml of the installation, as the official tool takes them. */
async function credentials(): Promise<Credentials | undefined> {
  const home = process.env['ROCKETMQ_HOME']
  const path = home === undefined ? undefined : join(home, 'conf/tools.yml')
  if (path === undefined || !existsSync(path)) return undefined
  try {
    return (await import('./read-tools-yml.ts')).readToolsYml(path)
  } catch (error) {
    write(STDERR, `mqadmin: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

const clock = new RealClock()
const network = await openNetwork('mqadmin', silentLogger)
const client = new RemotingClient(createNetContext(clock, network, silentLogger), {
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  sign: signer(await credentials()),
})
const code = await runAdmin(process.argv.slice(2), {
  invoker: client,
  clock,
  random: new RealRandom(),
  disk: new RealDisk(),
  namesrvAddr: process.env['NAMESRV_ADDR'],
  temporaryFolder: tmpdir(),
  workingFolder: process.cwd(),
  writePrivateFile(path, content) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Removed and created anew: a link that another user has put there must not be followed.
    rmSync(path, { force: true })
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  },
  out: (text) => write(STDOUT, text),
  err: (text) => write(STDERR, text),
})
process.exit(code)

/** Written at once, so that nothing is lost when the process exits; a reader that went away (`| head`) ends the tool. */
function write(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code: reason } = error as NodeJS.ErrnoException
      if (reason === 'EPIPE') process.exit(0)
      if (reason !== 'EAGAIN') throw error
    }
  }
}
