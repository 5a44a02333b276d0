import { encodeElectMasterBody } from '../../../codec/controller/elect-master-body.ts'
import { decodeSyncStateSet, encodeSyncStateSet } from '../../../codec/controller/sync-state-set.ts'
import { SerializeType } from '../../../codec/remoting/frame.ts'
import {
  type RemotingCommand,
  type RequestDraft,
  type Response,
  responseCommand,
} from '../../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../../codec/remoting/response-code.ts'
import type { MasterPlace, ReplicaTarget } from '../replica-target.ts'
import type { GroupRole } from '../role-answers.ts'

export const OWN = '10.0.0.1:10911'
const OTHER = '10.0.0.2:10911'
const NOBODY: GroupRole = {
  masterBrokerId: undefined,
  masterAddress: '',
  masterEpoch: 0,
  syncStateSet: [],
  syncStateSetEpoch: 0,
}
export const roleOf = (masterBrokerId: number, masterEpoch: number, syncStateSet: number[], syncStateSetEpoch = 1) => {
  const masterAddress = masterBrokerId === 1 ? OWN : OTHER
  return { masterBrokerId, masterAddress, masterEpoch, syncStateSet, syncStateSetEpoch }
}

/** What the broker was told to become, in words. */
export class PlayedTarget implements ReplicaTarget {
  readonly progress = { epoch: 3, maxOffset: 500, confirmOffset: 400 }
  readonly told: string[] = []
  fails: string | undefined

  setBrokerId(brokerId: number): void {
    this.told.push(`id ${brokerId}`)
  }
  becomeMaster(role: GroupRole): void {
    if (this.fails !== undefined) throw new Error(this.fails)
    this.told.push(`master, epoch ${role.masterEpoch}, set ${role.syncStateSet}`)
  }
  becomeSlave(master: MasterPlace): void {
    this.told.push(`follow ${master.brokerId} at ${master.address}, epoch ${master.epoch}`)
  }
  setSyncStateSet(brokerIds: ReadonlySet<number>, epoch: number): void {
    this.told.push(`set ${[...brokerIds]}, epoch ${epoch}`)
  }
  syncStateSetRefused(setEpoch: number): void {
    this.told.push(`set of epoch ${setEpoch} stays`)
  }
  setCutOff(isCutOff: boolean): void {
    if (isCutOff !== this.isCutOff) this.told.push(isCutOff ? 'cut off' : 'not cut off')
    this.isCutOff = isCutOff
  }
  isCutOff = false
}

/** Controllers as far as one broker group sees them. */
export class PlayedControllers {
  role: GroupRole = NOBODY
  elects: GroupRole | undefined
  leader = 'c1:1'
  readonly down = new Set<string>()
  readonly asked: string[] = []
  refusal: { code: number; response: number } | undefined
  isOursOnRegister = true

  async answer(address: string, request: RequestDraft): Promise<RemotingCommand> {
    if (this.down.has(address)) throw new Error(`${address} is down`)
    return responseCommand(this.#respond(address, request), 1, SerializeType.JSON)
  }

  #respond(address: string, { code, fields = {}, body }: RequestDraft): Response {
    if (code === RequestCode.CONTROLLER_GET_METADATA_INFO) {
      return { code: 0, fields: { controllerLeaderAddress: this.leader, isLeader: address === this.leader } }
    }
    this.asked.push(String(code))
    if (address !== this.leader) return { code: ResponseCode.CONTROLLER_NOT_LEADER }
    if (this.refusal?.code === code) return { code: this.refusal.response, remark: 'no' }
    switch (code) {
      case RequestCode.CONTROLLER_GET_NEXT_BROKER_ID:
        return { code: 0, fields: { nextBrokerId: 1 } }
      case RequestCode.CONTROLLER_APPLY_BROKER_ID:
        return { code: 0 }
      case RequestCode.CONTROLLER_ELECT_MASTER:
        this.role = this.elects ?? roleOf(Number(fields['brokerId']), this.role.masterEpoch + 1, [1])
        return this.#elected()
      case RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET: {
        const { syncStateSet } = decodeSyncStateSet(body!)
        this.role = { ...this.role, syncStateSet, syncStateSetEpoch: this.role.syncStateSetEpoch + 1 }
        return { code: 0, body: encodeSyncStateSet(this.role) }
      }
      default:
        return { code: 0, fields: this.#fields(), body: encodeSyncStateSet(this.role) }
    }
  }

  #elected(): Response {
    const body = encodeElectMasterBody({ brokerMemberGroup: undefined, syncStateSet: this.role.syncStateSet })
    return { code: 0, fields: this.#fields(), body }
  }

  #fields() {
    const { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch } = this.role
    return { masterBrokerId, masterAddress: masterAddress || undefined, masterEpoch, syncStateSetEpoch }
  }
}
