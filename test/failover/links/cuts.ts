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
  /** 'changes': another replica has to be master at the end of it. Otherwise none needs to be. */
  readonly master: 'may stay' | 'changes'
  /** The same for who leads the controllers. */
  readonly leader: 'may stay' | 'changes'
}

const controllersOf = ({ leader, followers }: Cast): Host[] => [leader, ...followers]
const brokersOf = ({ master, replicas }: Cast): Host[] => [master, ...replicas]

export const CUTS: readonly Cut[] = [
  {
    name: 'the leading controller is cut off from everybody',
    cut: (network, cast) => {
      network.cut([cast.leader], [...cast.followers, ...brokersOf(cast), cast.clients])
    },
    master: 'may stay',
    leader: 'changes',
  },
  {
    name: 'the leading controller is heard and hears nobody',
    cut: (network, cast) => {
      network.cutOneWay([...cast.followers, ...brokersOf(cast)], [cast.leader])
    },
    master: 'may stay',
    leader: 'changes',
  },
  {
    name: 'the master is cut off from controllers and NameServers, not from clients and replicas',
    cut: (network, cast) => network.cut([cast.master], controllersOf(cast)),
    master: 'changes',
    leader: 'may stay',
  },
  {
    name: 'the master is cut off from everybody but clients',
    cut: (network, cast) => network.cut([cast.master], [...controllersOf(cast), ...cast.replicas]),
    master: 'changes',
    leader: 'may stay',
  },
  {
    name: 'the master is not heard by controllers and NameServers, but hears them',
    cut: (network, cast) => network.cutOneWay([cast.master], controllersOf(cast)),
    master: 'changes',
    leader: 'may stay',
  },
  {
    name: 'the master does not hear controllers and NameServers, but is heard',
    cut: (network, cast) => network.cutOneWay(controllersOf(cast), [cast.master]),
    master: 'changes',
    leader: 'may stay',
  },
  {
    name: 'the master is cut off from its replicas',
    cut: (network, cast) => network.cut([cast.master], cast.replicas),
    master: 'may stay',
    leader: 'may stay',
  },
  {
    name: 'a replica does not hear its master, but is heard',
    cut: (network, cast) => network.cutOneWay([cast.master], [cast.replicas[0]!]),
    master: 'may stay',
    leader: 'may stay',
  },
  {
    name: 'a replica is not heard by its master, but hears it',
    cut: (network, cast) => network.cutOneWay([cast.replicas[0]!], [cast.master]),
    master: 'may stay',
    leader: 'may stay',
  },
  {
    name: 'leading controller and master are cut off together, clients reach the master',
    cut: (network, cast) => {
      network.cut([cast.leader, cast.master], [...cast.followers, ...cast.replicas])
      // Its NameServer would go on naming the old master to a client that has chosen it.
      network.cut([cast.leader], [cast.clients])
    },
    master: 'changes',
    leader: 'changes',
  },
]
