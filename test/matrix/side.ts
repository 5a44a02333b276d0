import { join } from 'node:path'
import { ask } from '../compat/remoting.ts'
import { freePortBlock, Server, type ServerEngine, waitUntil } from '../compat/server.ts'
import { controllerConf, namesrvConf } from './conf.ts'

/** What the brokers of a column find: a NameServer, and perhaps a controller, inside of it or beside it. */
export class Side {
  readonly namesrv: Server
  readonly controller: Server | undefined
  /** What an operator writes into controllerAddr: where there is no controller, the NameServer that might have had one. */
  readonly controllerAddr: string

  private constructor(namesrv: Server, controller: Server | undefined, controllerAddr: string) {
    this.namesrv = namesrv
    this.controller = controller
    this.controllerAddr = controllerAddr
  }

  static async withoutController(dir: string, name: string, engine: ServerEngine): Promise<Side> {
    const namesrv = await layOutNamesrv(dir, name, engine)
    return new Side(namesrv, undefined, namesrv.address)
  }

  static async withEmbedded(dir: string, name: string): Promise<Side> {
    const port = await freePortBlock()
    const namesrv = await layOutNamesrv(dir, name, 'gantry')
    const storePath = join(dir, `${name}-controller`)
    Object.assign(namesrv.conf, { enableControllerInNamesrv: true }, controllerConf(port, storePath))
    return new Side(namesrv, undefined, `127.0.0.1:${port}`)
  }

  static async withStandalone(dir: string, name: string, engine: ServerEngine, of: ServerEngine): Promise<Side> {
    const port = await freePortBlock()
    const conf = controllerConf(port, join(dir, `${name}-controller`))
    const controller = new Server({ name: `${name}-c`, kind: 'controller', engine: of, port, dir, conf, jvm: '' })
    return new Side(await layOutNamesrv(dir, name, engine), controller, controller.address)
  }

  async start(): Promise<void> {
    await this.namesrv.start()
    await this.controller?.start()
    if (this.controllerAddr === this.namesrv.address) return
    await waitUntil(`a leading controller at ${this.controllerAddr}`, 60_000, async () => {
      return (await ask(this.controllerAddr, { code: 1005 })).extFields['isLeader'] === 'true'
    })
  }

  async stop(): Promise<void> {
    await this.controller?.stop('SIGKILL')
    await this.namesrv.stop('SIGKILL')
  }
}

async function layOutNamesrv(dir: string, name: string, engine: ServerEngine): Promise<Server> {
  const port = await freePortBlock()
  const conf = namesrvConf(dir, name, port)
  return new Server({ name: `${name}-ns`, kind: 'namesrv', engine, port, dir, conf, jvm: '' })
}
