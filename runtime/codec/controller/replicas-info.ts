import { asObject, booleanField, integerField, listField, objectField, textField } from '../json/json-fields.ts'
import type { JsonObject } from '../json/json-value.ts'
import { parseJsonBytes } from '../json/parse-json.ts'
import { encodeJson } from '../json/write-json.ts'

interface ReplicaIdentity {
  readonly brokerName: string
  readonly brokerId: number
  readonly brokerAddress: string
  readonly alive: boolean
}

/** What a controller knows of one broker group (source: BrokerReplicasInfo.ReplicasInfo). */
export interface ReplicasInfo {
  readonly masterBrokerId: number | undefined
  readonly masterAddress: string | undefined
  readonly masterEpoch: number
  readonly syncStateSetEpoch: number
  readonly inSyncReplicas: readonly ReplicaIdentity[]
  readonly notInSyncReplicas: readonly ReplicaIdentity[]
}

/** The body of the answer to GET_SYNC_STATE_DATA, by broker name (source: BrokerReplicasInfo). */
export function encodeReplicasInfo(groups: ReadonlyMap<string, ReplicasInfo>): Buffer {
  return encodeJson({ replicasInfoTable: groups })
}

/** @throws JsonSyntaxError, JsonFieldError */
export function decodeReplicasInfo(body: Uint8Array): Map<string, ReplicasInfo> {
  const table = objectField(asObject(parseJsonBytes(body), 'BrokerReplicasInfo'), 'replicasInfoTable') ?? {}
  return new Map(Object.entries(table).map(([name, value]) => [name, readReplicas(asObject(value, name))]))
}

function readReplicas(object: JsonObject): ReplicasInfo {
  return {
    masterBrokerId: integerField(object, 'masterBrokerId'),
    masterAddress: textField(object, 'masterAddress'),
    masterEpoch: integerField(object, 'masterEpoch') ?? 0,
    syncStateSetEpoch: integerField(object, 'syncStateSetEpoch') ?? 0,
    inSyncReplicas: readIdentities(object, 'inSyncReplicas'),
    notInSyncReplicas: readIdentities(object, 'notInSyncReplicas'),
  }
}

function readIdentities(object: JsonObject, field: string): ReplicaIdentity[] {
  return (listField(object, field) ?? []).map((value) => {
    const identity = asObject(value, field)
    return {
      brokerName: textField(identity, 'brokerName') ?? '',
      brokerId: integerField(identity, 'brokerId') ?? 0,
      brokerAddress: textField(identity, 'brokerAddress') ?? '',
      alive: booleanField(identity, 'alive') ?? false,
    }
  })
}
