import type { RemotingCommand, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { MappedPull, PullOutcome } from './mapped-pull.ts'
import type { OtherBrokers } from './other-brokers.ts'
import { failed } from './static-requests.ts'

/** Bits of a pull's sysFlag that are for the broker that was asked: commit the offset, wait for messages. */
const OWN_FLAGS = 3

const ANSWERED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.PULL_RETRY_IMMEDIATELY,
  ResponseCode.PULL_OFFSET_MOVED,
])

/**
 * Pulls from the broker that has the stretch; it does not wait for messages there, for none will come.
 * @param fields of the client's request
 * @throws RequestError
 */
export async function pullAway(
  mapped: MappedPull,
  fields: Readonly<Record<string, string>>,
  others: Pick<OtherBrokers, 'invoke'>,
): Promise<Response> {
  const { bname, queueId } = mapped.item
  const request = {
    ...fields,
    queueId,
    queueOffset: mapped.physicalOffset,
    maxMsgNums: mapped.countMax(Number(fields['maxMsgNums'])),
    sysFlag: Number(fields['sysFlag']) & ~OWN_FLAGS,
    lo: false,
    bname,
  }
  const answer = await ask(bname, request, others)
  const outcome = outcomeOf(answer)
  mapped.rewrite(outcome)
  const { code, ...changed } = outcome
  return { code, remark: answer.remark, fields: { ...answer.fields, ...changed }, body: answer.body }
}

async function ask(
  brokerName: string,
  fields: Readonly<Record<string, string | number | boolean>>,
  others: Pick<OtherBrokers, 'invoke'>,
): Promise<RemotingCommand> {
  let answer: RemotingCommand
  try {
    answer = await others.invoke(brokerName, { code: RequestCode.PULL_MESSAGE, fields })
  } catch (error) {
    throw failed(error)
  }
  if (ANSWERED.has(answer.code)) return answer
  throw failed(new Error(`broker ${brokerName} answers ${responseCodeName(answer.code)} ${answer.remark ?? ''}`))
}

function outcomeOf({ code, fields }: RemotingCommand): PullOutcome {
  const { nextBeginOffset, minOffset, maxOffset } = fields
  return {
    code,
    nextBeginOffset: Number(nextBeginOffset),
    minOffset: Number(minOffset),
    maxOffset: Number(maxOffset),
    offsetDelta: undefined,
  }
}
