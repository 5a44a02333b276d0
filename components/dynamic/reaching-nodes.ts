import { type AccessSecrets, ToolAccess, withToolAccess } from '../admin/tool-access.ts'
import type { Implementation } from './implementation.ts'
import { isSameValue } from './same-value.ts'

/** Resources of a cluster with `security` are given how nodes are reached: components/security/cluster-security.ts. */
interface Reached {
  readonly access?: AccessSecrets | null
}

const within = <T>({ access }: Reached, run: () => Promise<T>): Promise<T> =>
  access === undefined || access === null ? run() : withToolAccess(new ToolAccess(access), run)

const kept = <T extends object>(values: T, { access }: Reached): T =>
  access === undefined || access === null ? values : { ...values, access }

/** The same implementation, which reaches nodes by what stands in its inputs, and keeps that for when it is deleted. */
export function reachingNodes<I extends object, O extends I>(code: Implementation<I, O>): Implementation<I, O> {
  return {
    ...code,
    async diff(olds: O & Reached, news: I & Reached) {
      const found = await within(news, () => code.diff(olds, news))
      return isSameValue(olds.access ?? null, news.access ?? null) ? found : { ...found, changes: true }
    },
    async create(news: I & Reached) {
      const { id, outs } = await within(news, () => code.create(news))
      return { id, outs: kept(outs, news) }
    },
    async read(id, known: O & Reached) {
      const found = await within(known, () => code.read(id, known))
      return found && kept(found, known)
    },
    async update(olds, news: I & Reached) {
      return kept(await within(news, () => code.update(olds, news)), news)
    },
    delete: (known: O & Reached) => within(known, () => code.delete(known)),
  }
}
