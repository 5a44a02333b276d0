import { networkInterfaces } from 'node:os'
import { contains, parseSubnet } from '../../components/plan/subnet.ts'

/** A subnet that no interface of this machine is in: other runs of these tests may go on at the same time. */
export function freeSubnet(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])
  for (let tries = 0; tries < 1000; tries++) {
    const text = `10.${212 + Math.floor(Math.random() * 40)}.${Math.floor(Math.random() * 256)}.0/24`
    const subnet = parseSubnet(text)
    if (subnet !== undefined && !addresses.some((address) => contains(subnet, address))) return text
  }
  throw new Error('no free subnet in 10.212.0.0 to 10.251.255.255')
}
