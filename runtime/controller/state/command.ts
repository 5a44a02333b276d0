import type { ReplicaReport } from './replica-report.ts'

/** The master has found that other replicas than before hold everything confirmed. */
export interface AlterSyncStateSet {
  readonly kind: 'alterSyncStateSet'
  readonly brokerName: string
  readonly masterBrokerId: number
  readonly masterEpoch: number
  /** Of the set that is to be replaced. */
  readonly syncStateSetEpoch: number
  readonly syncStateSet: readonly number[]
  /** Those of `syncStateSet` that are known to be gone. */
  readonly gone: readonly number[]
}

/** A new broker takes an id. */
export interface ApplyBrokerId {
  readonly kind: 'applyBrokerId'
  readonly cluster: string
  readonly brokerName: string
  readonly brokerId: number
  readonly registerCheckCode: string
}

/** A broker has started and says under which address. */
export interface RegisterBroker {
  readonly kind: 'registerBroker'
  readonly cluster: string
  readonly brokerName: string
  readonly brokerId: number
  readonly address: string
  /** It may have lost the end of its log: another process than the one that sent its last heartbeats, and it does not vouch for its log. */
  readonly mayHaveLost: boolean
  /** The group's master is not known to be gone. */
  readonly isMasterThere: boolean
}

/** Somebody asks for a master: a broker for itself, an operator for a certain broker, or the controller because the master is gone. */
export interface ElectMaster {
  readonly kind: 'electMaster'
  readonly brokerName: string
  /** Who asks or is to become master; undefined: the controller asks for whoever is best. */
  readonly brokerId: number | undefined
  /** It must be `brokerId` or nobody. */
  readonly isDesignated: boolean
  /** enableElectUncleanMaster of the leader. */
  readonly isUncleanAllowed: boolean
  readonly reports: readonly ReplicaReport[]
}

/** An operator takes brokers that will not come back, or a whole group, out of the books. */
export interface CleanBrokerData {
  readonly kind: 'cleanBrokerData'
  readonly brokerName: string
  /** Empty: the whole group. */
  readonly brokerIds: readonly number[]
  readonly evenLiving: boolean
  /** Brokers of the group that are not known to be gone. */
  readonly there: readonly number[]
}

/**
 * What controllers agree on. A command is a request together with what its leader knew of the brokers' lives; it is
 * decided when it is applied, so that requests that overlap, come twice or come late meet the state they apply to.
 */
export type Command = AlterSyncStateSet | ApplyBrokerId | RegisterBroker | ElectMaster | CleanBrokerData
