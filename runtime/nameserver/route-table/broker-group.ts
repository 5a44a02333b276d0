import { type BrokerData, MASTER_ID } from '../../codec/route/route-data.ts'

/** The replicas of one broker group that are registered. */
export class BrokerGroup implements BrokerData {
  readonly cluster: string
  readonly brokerName: string
  readonly brokerAddrs = new Map<number, string>()
  enableActingMaster = false
  zoneName: string | undefined

  constructor(cluster: string, brokerName: string) {
    this.cluster = cluster
    this.brokerName = brokerName
  }

  get hasMaster(): boolean {
    return this.brokerAddrs.has(MASTER_ID)
  }

  /** Undefined when nobody is registered. */
  get minBrokerId(): number | undefined {
    let min: number | undefined
    for (const id of this.brokerAddrs.keys()) if (min === undefined || id < min) min = id
    return min
  }

  idOf(address: string): number | undefined {
    for (const [id, held] of this.brokerAddrs) if (held === address) return id
    return undefined
  }
}
