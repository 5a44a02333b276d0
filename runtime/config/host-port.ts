/** The first of several addresses that is not host:port with a port from 1 to 65535. An IPv6 host stands in brackets. */
export function wrongAddress(addresses: readonly string[]): string | undefined {
  return addresses.find((address) => {
    const port = Number(/^(?:\[[0-9a-fA-F:.%\w]+\]|[^:\s[\]]+):(\d{1,5})$/.exec(address)?.[1])
    return !(port >= 1 && port <= 65535)
  })
}
