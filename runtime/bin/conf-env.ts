import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, homedir, hostname, networkInterfaces } from 'node:os'
import type { ConfEnv } from '../config/conf-key.ts'
import { type InterfaceAddress, localAddress } from '../config/local-address.ts'

const POINT_TO_POINT = 0x10

/** The facts about this machine and process that configuration defaults depend on. */
export function readConfEnv(): ConfEnv {
  return {
    home: homedir(),
    rocketmqHome: process.env['ROCKETMQ_HOME'],
    namesrvAddr: process.env['NAMESRV_ADDR'],
    hostName: hostname(),
    localAddress: localAddress(interfaceAddresses()) ?? '127.0.0.1',
    processors: availableParallelism(),
    workingFolder: process.cwd(),
  }
}

function interfaceAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const unsuitable = isUnsuitable(name)
    return addresses.map(({ address, family }) => ({ name, address, family, unsuitable }))
  })
}

/** Where Linux says it; elsewhere every interface counts as suitable. */
function isUnsuitable(name: string): boolean {
  const folder = `/sys/class/net/${name}`
  if (existsSync(`${folder}/bridge`)) return true
  const flags = `${folder}/flags`
  return existsSync(flags) && (Number(readFileSync(flags, 'utf8')) & POINT_TO_POINT) !== 0
}
