/*
 * Talks to a cluster from inside a network:
 *
 *   node test/aws/client.ts <namesrvAddr> send <topic> <text>      sends, and prints what it then reads
 *   node test/aws/client.ts <namesrvAddr> read <topic> <offset>    prints what is there
 *
 * GANTRY_ACCESS: what a cluster with security is reached by, as JSON.
 */
import { type AccessSecrets, ToolAccess } from '../../components/admin/tool-access.ts'
import { ClusterClient } from '../pulumi/cluster-client.ts'

const [, , namesrvAddr = '', verb, topic = '', argument = ''] = process.argv
const { GANTRY_ACCESS: given } = process.env
const access = given === undefined ? undefined : new ToolAccess(JSON.parse(given) as AccessSecrets)
const client = new ClusterClient(namesrvAddr, access)
try {
  if (verb === 'send') process.stdout.write(await client.sendAndRead(topic, argument))
  else {
    const { masters } = await client.route(topic)
    process.stdout.write(await client.read(topic, [...masters.values()][0] ?? '', Number(argument)))
  }
} finally {
  client.close()
}
