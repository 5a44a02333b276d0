import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../../plan/address.ts'

/** Whether an IP address is one of this machine's. */
const isOwn = (address: string): boolean =>
  Object.values(networkInterfaces()).some((entries) => entries?.some((entry) => entry.address === address))

/** Whether an address means this machine for sure: loopback, or one of its interfaces. */
export const isOwnAddress = (address: string): boolean => isLoopback(address) || isOwn(address)

/** Whether an address means another machine for sure. What a name means only the network can tell. */
export const isForeignAddress = (address: string): boolean => isIP(address) !== 0 && !isOwnAddress(address)
