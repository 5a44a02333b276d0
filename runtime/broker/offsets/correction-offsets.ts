import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'

export interface CorrectionDeps {
  readonly offsets: Pick<ConsumerOffsets, 'groupsOf' | 'queuesOf'>
  /** Number of the first message that the queue still has. */
  readonly minOffset: (topic: string, queueId: number) => number
}

/** What Java calls Long.MAX_VALUE: the groups are behind the one they are compared with. */
const NOTHING_TO_CORRECT = 0x7fff_ffff_ffff_ffffn

/**
 * QUERY_CORRECTION_OFFSET (AdminBrokerProcessor.queryCorrectionOffset): how far the slowest group has come in each queue of
 * `topic`, without `filterGroups` (names with commas between). Groups whose next message is gone do not count. With
 * `compareGroup`, queues in which that one is not as far say that there is nothing to correct.
 */
export function queryCorrectionOffset(deps: CorrectionDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const left = new Set((request.text('filterGroups') ?? '').split(',').filter((group) => group !== ''))
  const slowest: [number, number | bigint][] = [...slowestOffsets(deps, topic, left)]
  const compared = deps.offsets.queuesOf(request.text('compareGroup') ?? '', topic)
  const corrections = slowest.map(([queueId, offset]) => {
    const other = compared?.get(queueId)
    return [queueId, other !== undefined && offset > other ? NOTHING_TO_CORRECT : offset] as const
  })
  return { code: ResponseCode.SUCCESS, body: encodeJson({ correctionOffsets: new Map(corrections) }) }
}

function slowestOffsets({ offsets, minOffset }: CorrectionDeps, topic: string, left: ReadonlySet<string>) {
  const slowest = new Map<number, number>()
  for (const group of offsets.groupsOf(topic)) {
    if (left.has(group)) continue
    for (const [queueId, offset] of offsets.queuesOf(group, topic) ?? []) {
      if (offset < minOffset(topic, queueId)) continue
      slowest.set(queueId, Math.min(offset, slowest.get(queueId) ?? offset))
    }
  }
  return slowest
}
