import type { RemotingCommand, Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import { RouteView } from '../brokers/route-view.ts'
import { FakeGateway } from './fake-gateway.ts'

/** A broker that notes what it is asked, and by which connection. */
export class PlayedBroker {
  readonly server: RemotingServer
  readonly asked: { readonly command: RemotingCommand; readonly channel: Channel }[] = []
  readonly closed: Channel[] = []
  answer: (command: RemotingCommand) => Response = () => ({ code: ResponseCode.SUCCESS })
  address = ''

  constructor(context: NetContext) {
    this.server = new RemotingServer(context, {
      idleTimeoutMs: 60_000,
      onClosed: (channel) => this.closed.push(channel),
    })
  }

  async start(): Promise<this> {
    this.server.handleOthers((request, channel) => {
      const command = request.toCommand()
      this.asked.push({ command, channel })
      return this.answer(command)
    })
    const { host, port } = await this.server.listen({ host: '127.0.0.1', port: 0 })
    this.address = `${host}:${port}`
    return this
  }

  of(code: number): RemotingCommand[] {
    return this.asked.flatMap(({ command }) => (command.code === code ? [command] : []))
  }
}

/** The brokers a and b of the fake gateway, at real addresses. */
export class PlayedGateway extends FakeGateway {
  addresses: Record<string, string> = {}

  override route(topic: string): RouteView {
    const { data } = super.route(topic)
    const brokerDatas = data.brokerDatas.map((broker) => ({
      ...broker,
      brokerAddrs: new Map([[0, this.addresses[broker.brokerName]!]]),
    }))
    return new RouteView({ ...data, brokerDatas })
  }

  override masterOf(brokerName: string): string {
    return this.route('Cluster').masterOf(brokerName) ?? super.masterOf(brokerName)
  }
}
