import { parsePeers } from './controller-peers.ts'

interface QuorumConf {
  readonly controllerType: 'DLedger' | 'jRaft'
  readonly controllerDLegerGroup: string | undefined
  readonly controllerDLegerPeers: string | undefined
  readonly controllerDLegerSelfId: string | undefined
  readonly jRaftServerId: string
  readonly jRaftInitConf: string
  readonly jRaftControllerRPCAddr: string
}

/** What is wrong or odd about the description of the controllers of which this one is a member. */
export function checkQuorum(conf: QuorumConf): { readonly errors: string[]; readonly warnings: string[] } {
  if (conf.controllerType === 'jRaft') return { errors: [describedForJRaft(conf)], warnings: [] }
  const { controllerDLegerPeers, controllerDLegerSelfId } = conf
  const missing = (['controllerDLegerGroup', 'controllerDLegerPeers', 'controllerDLegerSelfId'] as const).filter(
    (key) => !conf[key],
  )
  if (missing.length > 0) {
    const example =
      'controllerDLegerGroup=group1, controllerDLegerPeers=n0-host0:9878;n1-host1:9878;n2-host2:9878, controllerDLegerSelfId=n0'
    return { errors: [`a controller needs ${missing.join(', ')}; for example ${example}`], warnings: [] }
  }
  const { peers, errors } = parsePeers(controllerDLegerPeers!)
  const ids = peers.map((peer) => peer.id)
  if (errors.length === 0 && !ids.includes(controllerDLegerSelfId!)) {
    errors.push(
      `controllerDLegerSelfId = "${controllerDLegerSelfId}" is none of the ids in controllerDLegerPeers: ${ids.join(', ')}`,
    )
  }
  const isEven = ids.length > 0 && ids.length % 2 === 0
  const warnings = isEven
    ? [`${ids.length} controllers go on without no more of them than ${ids.length - 1} would: use 1, 3 or 5`]
    : []
  return { errors, warnings }
}

/** The same controllers as jRaft's keys name them, in the keys that are read here. */
function describedForJRaft({ jRaftServerId, jRaftInitConf, jRaftControllerRPCAddr }: QuorumConf): string {
  const servers = jRaftInitConf.split(',').map((it) => it.trim())
  const addresses = jRaftControllerRPCAddr.split(',').map((it) => it.trim())
  const peers = addresses.map((address, index) => `n${index}-${address}`).join(';')
  const self = servers.indexOf(jRaftServerId.trim())
  return `controllerType = jRaft: this engine takes the controllers from the keys of controllerType=DLedger. Write controllerType=DLedger, controllerDLegerGroup=group1, controllerDLegerPeers=${peers}, controllerDLegerSelfId=n${Math.max(self, 0)}`
}
