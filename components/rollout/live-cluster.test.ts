import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { withLiveCluster } from './live-cluster.ts'
import { membersOf } from './routes.ts'

it('says which NameServers do not answer', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const addresses = { cluster: 'Shop', nameServers: [`127.0.0.1:${port}`], controllers: [] }
  await expect(withLiveCluster(addresses, (cluster) => membersOf(cluster, 'broker-a'))).rejects.toThrow(
    `no NameServer of 127.0.0.1:${port} answers`,
  )
})
