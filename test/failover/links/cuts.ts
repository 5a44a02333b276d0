import type { Host, HostNetwork } from './host-network.ts'

/** Who is what when the links are cut. */
export interface Cast {
  readonly master: Host
  readonly replicas: readonly Host[]
  readonly leader: Host
  readonly followers: readonly Host[]
  /** This machine. */
  readonly clients: Host
}

export interface Cut {
  readonly name: string
  readonly cut: (network: HostNetwork, cast: Cast) => void
  /** Whether another replica has to be master at the end of it. */
  readonly master: 'stays' | 'changes'
  /** Whether another controller has to lead at the end of it. */
  readonly leader: 'stays' | 'changes'
}

const controllersOf = ({ leader, followers }: Cast): Host[] => [leader, ...followers]
const brokersOf = ({ master, replicas }: Cast): Host[] => [master, ...replicas]

export const CUTS: readonly Cut[] = [
  {
    name: 'the leading controller is cut off from everybody',
    cut: (network, cast) => {
      network.cut([cast.leader], [...cast.followers, ...brokersOf(cast), cast.clients])
    },
    master: 'stays',
    leader: 'changes',
  },
  {
    name: 'the leading controller is heard and hears nobody',
    cut: (network, cast) => {
      network.cutOneWay([...cast.followers, ...brokersOf(cast)], [cast.leader])
    },
    master: 'stays',
    leader: 'changes',
  },
  {
    name: 'the master is cut off from controllers and NameServers, not from clients and replicas',
    cut: (network, cast) => network.cut([cast.master], controllersOf(cast)),
    master: 'changes',
    leader: 'stays',
  },
  {
    name: 'the master is cut off from everybody but clients',
    cut: (network, cast) => network.cut([cast.master], [...controllersOf(cast), ...cast.replicas]),
    master: 'changes',
    leader: 'stays',
  },
  {
    name: 'the master is not heard by controllers and NameServers, but hears them',
    cut: (network, cast) => network.cutOneWay([cast.master], controllersOf(cast)),
    master: 'changes',
    leader: 'stays',
  },
  {
    name: 'the master does not hear controllers and NameServers, but is heard',
    cut: (network, cast) => network.cutOneWay(controllersOf(cast), [cast.master]),
    master: 'changes',
    leader: 'stays',
  },
  {
    name: 'the master is cut off from its replicas',
    cut: (network, cast) => network.cut([cast.master], cast.replicas),
    master: 'stays',
    leader: 'stays',
  },
  {
    name: 'a replica does not hear its master, but is heard',
    cut: (network, cast) => network.cutOneWay([cast.master], [cast.replicas[0]!]),
    master: 'stays',
    leader: 'stays',
  },
  {
    name: 'a replica is not heard by its master, but hears it',
    cut: (network, cast) => network.cutOneWay([cast.replicas[0]!], [cast.master]),
    master: 'stays',
    leader: 'stays',
  },
  {
    name: 'leading controller and master are cut off together, not from clients',
    cut: (network, cast) => network.cut([cast.leader, cast.master], [...cast.followers, ...cast.replicas]),
    master: 'changes',
    leader: 'changes',
  },
]
