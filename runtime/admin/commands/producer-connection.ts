import { RequestCode } from '../../codec/remoting/request-code.ts'
import { addressToRead } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required } from '../command.ts'
import { readConnections } from '../consumers.ts'
import { versionName } from '../java-text.ts'
import { row } from '../table.ts'

export const command: AdminCommand = {
  name: 'producerConnection',
  summary: "Query producer's socket connection and client version.",
  options: [required('g', 'producerGroup', 'producer group name'), required('t', 'topic', 'topic name')],
  async run({ client, options, print }) {
    const producerGroup = options.required('g')
    const topic = options.required('t')
    const { brokerDatas } = await client.route(topic)
    const address = brokerDatas.map(addressToRead).find((candidate) => candidate !== undefined)
    if (address === undefined) throw new AdminError(`the route of ${topic} names no broker`)
    const request = { code: RequestCode.GET_PRODUCER_CONNECTION_LIST, fields: { producerGroup } }
    const connections = readConnections(await client.callForObject(address, request))
    if (connections.length === 0) {
      throw new AdminError(`group ${producerGroup} is not online: no producer of it is connected to ${address}`)
    }
    for (const [index, { clientId, clientAddr, language, version }] of connections.entries()) {
      print(row('%04d  %-32s %-22s %-8s %s%n', index + 1, clientId, clientAddr, language, versionName(version)))
    }
  },
}
