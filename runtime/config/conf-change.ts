import type { Conf, ConfEnv, ConfKey, ConfValue, KeyTable } from './conf-key.ts'
import { type ConfTable, mistypedValue, unknownKey } from './conf-table.ts'
import { readValue } from './conf-value.ts'

/**
 * The outcome of a request to change a running server's configuration. All changes of a request are made, or none.
 *
 * `forbidden` (response code NO_PERMISSION): a key is on the black list. `invalid`: a key is unknown or a value is wrong.
 * Apache RocketMQ skips unknown keys and unreadable values and answers success all the same.
 */
export type ConfChange<C> =
  | {
      readonly ok: true
      readonly conf: C
      /** Keys whose new value counts from now on. */
      readonly applied: readonly string[]
      /** Keys that are saved and count from the next start on. */
      readonly afterRestart: readonly string[]
      /** Says which keys wait for a restart; undefined if none does. For the response's remark, with SUCCESS. */
      readonly remark: string | undefined
    }
  | { readonly ok: false; readonly reason: 'forbidden' | 'invalid'; readonly message: string }

/** Whether a running server goes from one value of the key to the other without a restart. */
export function isLiveChange({ live, liveAmong }: ConfKey, from: ConfValue, to: ConfValue): boolean {
  if (live === true) return true
  return liveAmong !== undefined && [from, to].every((value) => liveAmong.some((one) => one === value))
}

/**
 * Works out a change without making it: the caller persists the changes (`updatePropertiesFile`) and then puts the new
 * configuration in place.
 *
 * @param changes the raw values by key
 * @param blackList keys nobody may change over the wire
 */
export function changeConf<T extends KeyTable>(
  table: ConfTable<T>,
  conf: Conf<T>,
  changes: ReadonlyMap<string, string>,
  blackList: readonly string[],
  env: ConfEnv,
): ConfChange<Conf<T>> {
  const forbidden = blackList.filter((name) => changes.has(name))
  if (forbidden.length > 0) {
    return { ok: false, reason: 'forbidden', message: `Can not update config in black list: ${forbidden.join(', ')}` }
  }
  const applied = new Map<string, ConfValue>()
  const afterRestart: string[] = []
  const wrong: string[] = []
  for (const [name, raw] of changes) {
    const key = Object.hasOwn(table.keys, name) ? table.keys[name] : undefined
    if (key === undefined) {
      wrong.push(unknownKey(table, name, raw))
      continue
    }
    const read = readValue(key, raw, env)
    if ('expected' in read) wrong.push(mistypedValue(name, raw, read.expected))
    else if (isLiveChange(key, conf[name], read.value)) applied.set(name, read.value)
    else afterRestart.push(name)
  }
  if (wrong.length > 0) return { ok: false, reason: 'invalid', message: wrong.join('; ') }
  const changed = Object.freeze({ ...conf, ...Object.fromEntries(applied) }) as Conf<T>
  const settled = table.settle(changed, new Set(changes.keys()))
  if (settled.errors.length > 0) return { ok: false, reason: 'invalid', message: settled.errors.join('; ') }
  const waiting = afterRestart.length > 0 ? `saved, but needs a restart: ${afterRestart.join(', ')}` : undefined
  return { ok: true, conf: settled.conf, applied: [...applied.keys()], afterRestart, remark: waiting }
}
