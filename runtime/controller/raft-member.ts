import type { ControllerConf } from '../config/controller-conf.ts'
import { parsePeers } from '../config/controller-peers.ts'
import type { Disk } from '../io/disk.ts'
import type { Random } from '../io/random.ts'
import type { NetContext } from '../net/net-context.ts'
import type { RemotingServer } from '../net/remoting-server.ts'
import type { StateMachine } from '../raft/consensus.ts'
import { RaftGroup } from '../raft/raft-group.ts'
import { RemotingTransport } from '../raft/transport/remoting-transport.ts'

interface RaftMemberOptions {
  readonly context: NetContext
  readonly disk: Disk
  readonly random: Random
  readonly conf: ControllerConf
  /** Its store failed, or something happened that must not: this controller does nothing any more. */
  readonly onFailed: (error: Error) => void
}

/** The log is kept short: entries are small, and the books of ten thousand groups make a snapshot of three megabytes. */
const SETTINGS = { snapshotEveryEntries: 4000, snapshotKeepEntries: 500 }

/** The controllers as a raft group, whose members talk on the port that brokers use. */
export function raftMember(options: RaftMemberOptions): (machine: StateMachine, server: RemotingServer) => RaftGroup {
  const { context, disk, random, conf, onFailed } = options
  const group = conf.controllerDLegerGroup!
  const selfId = conf.controllerDLegerSelfId!
  const { peers } = parsePeers(conf.controllerDLegerPeers!)
  return (machine, server) =>
    new RaftGroup({
      group,
      selfId,
      peers,
      folder: conf.controllerStorePath,
      machine,
      clock: context.clock,
      random,
      disk,
      logger: context.logger,
      transport: new RemotingTransport({ context, server, group, selfId, peers }),
      settings: SETTINGS,
      onFailed,
    })
}
