import type { ClusterConfig } from './schema/cluster-config.ts'

/** First ports of proxies, by what clients speak there. */
export const proxyPorts = ({ ports }: Pick<ClusterConfig, 'ports'>): Readonly<Record<string, number>> => ({
  grpc: ports.proxyGrpc,
  remoting: ports.proxyRemoting,
})
