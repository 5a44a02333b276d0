import { asObject, asText, integerKeyed, objectField, textField } from '../json/json-fields.ts'
import { parseJsonBytes } from '../json/parse-json.ts'
import { encodeStandardJson } from '../json/write-json.ts'
import { readIds } from './sync-state-set.ts'

/** All replicas of a broker group by their broker id (source: BrokerMemberGroup). */
interface MemberGroup {
  readonly cluster: string
  readonly brokerName: string
  readonly brokerAddrs: ReadonlyMap<number, string>
}

/** The body of the answer to ELECT_MASTER; the members are there when a master was elected (source: ElectMasterResponseBody). */
export interface ElectMasterBody {
  readonly brokerMemberGroup: MemberGroup | undefined
  readonly syncStateSet: readonly number[]
}

/**
 * With quotes around the ids: official brokers read them with and without, the official mqadmin (5.5.0) only with, so
 * that electMaster of a controller that writes none ends there in an error.
 */
export function encodeElectMasterBody({ brokerMemberGroup, syncStateSet }: ElectMasterBody): Buffer {
  return encodeStandardJson({ brokerMemberGroup, syncStateSet })
}

/** @throws JsonSyntaxError, JsonFieldError */
export function decodeElectMasterBody(body: Uint8Array): ElectMasterBody {
  const object = asObject(parseJsonBytes(body), 'ElectMasterResponseBody')
  const group = objectField(object, 'brokerMemberGroup')
  const addresses = group && (objectField(group, 'brokerAddrs') ?? {})
  return {
    brokerMemberGroup: group && {
      cluster: textField(group, 'cluster') ?? '',
      brokerName: textField(group, 'brokerName') ?? '',
      brokerAddrs: new Map(integerKeyed(addresses!).map(([id, address]) => [id, asText(address, 'brokerAddrs')])),
    },
    syncStateSet: readIds(object),
  }
}
