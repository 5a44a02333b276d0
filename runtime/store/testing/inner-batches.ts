import type { MessageExt } from '../../codec/message/message-ext.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import { AppendStatus } from '../message-draft.ts'
import { draftOf, type StoreFixture } from './store-fixture.ts'

/** Puts one record for `count` messages, as the broker does it; returns the offset of the first. */
export function putBatch({ store }: StoreFixture, topic: string, count: number, properties = '', queueId = 0): number {
  const base = store.queue(topic, queueId).nextOffset
  const draft = draftOf(store, {
    ...{ topic, queueId, body: `${count} from ${base}`, properties },
    sysFlag: SysFlag.innerBatch | SysFlag.needUnwrap,
    extraProperties: Buffer.from(`INNER_NUM\x01${count}\x02INNER_BASE\x01${base}\x02`),
  })
  draft.messageCount = count
  const status = store.append(draft)
  if (status !== AppendStatus.ok || !store.commit()) throw new Error(`the batch was not put: ${status}`)
  return base
}

export function messageCountOf({ properties }: MessageExt): number {
  return Number(properties.get('INNER_NUM') ?? 1)
}
