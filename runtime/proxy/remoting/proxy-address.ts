/**
 * What routes give as the address of all brokers. `configured` (remotingAccessAddr): a host, or host:port where the port is
 * mapped; empty: the host that the client has connected to. `port`: where this proxy listens.
 */
export function proxyAddress(configured: string, localHost: string, port: number): string {
  const given = configured.trim()
  if (/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(given)) return given
  const host = given === '' ? localHost.replace(/^::ffff:(?=\d+\.)/, '') : given
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}
