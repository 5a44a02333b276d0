import type { dynamic } from '@pulumi/pulumi'
import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { ClusterAdmin } from './cluster-admin.ts'
import { type PerGroupInputs, perGroupId } from './per-group-id.ts'

/** `Inputs` and what was found on the masters, by broker group. */
export type PerGroupOutputs<I, S> = I & {
  /** A group that has none is absent. */
  readonly onGroups: { readonly [group: string]: S }
  /** Every broker group of the cluster. */
  readonly clusterGroups: readonly string[]
}

/** How one kind of thing is read and changed on a master. */
export interface PerGroupKind<I extends PerGroupInputs, S> {
  /** The settings a group should have; undefined when the thing should not be there. */
  wanted(inputs: I, group: string): S | undefined
  /** Broker groups the inputs name. */
  namedGroups(inputs: I): readonly string[]
  find(admin: ClusterAdmin, master: string, name: string): Promise<S | undefined>
  put(admin: ClusterAdmin, master: string, name: string, settings: S): Promise<void>
  remove(admin: ClusterAdmin, master: string, name: string): Promise<void>
  /** After it was removed from every master. */
  removed?(admin: ClusterAdmin, name: string): Promise<void>
}

async function withAdmin<T>({ namesrvAddr, clusterName }: PerGroupInputs, use: (admin: ClusterAdmin) => Promise<T>) {
  const admin = new ClusterAdmin(namesrvAddr, clusterName)
  try {
    return await use(admin)
  } finally {
    admin.close()
  }
}

const isMeant = ({ groups }: PerGroupInputs, group: string): boolean => groups === undefined || groups.includes(group)

/** Brings every master to what the inputs want; `before` names groups that had it. */
async function apply<I extends PerGroupInputs, S>(kind: PerGroupKind<I, S>, news: I, before: readonly string[]) {
  return withAdmin(news, async (admin) => {
    const masters = new Map([...(await admin.masters())].filter(([group]) => isMeant(news, group)))
    const named = [...kind.namedGroups(news), ...(news.groups ?? []).filter((group) => kind.wanted(news, group))]
    const missing = [...new Set(named)].filter((group) => masters.get(group) === undefined)
    if (missing.length > 0) {
      throw new Error(`${news.name}: no master of broker group ${missing.join(', ')} is known to ${news.namesrvAddr}`)
    }
    const onGroups: Record<string, S> = {}
    for (const [group, master] of masters) {
      const settings = kind.wanted(news, group)
      if (settings === undefined && !before.includes(group)) continue
      if (master === undefined) throw new Error(`${news.name}: broker group ${group} has no master at the moment`)
      if (settings === undefined) await kind.remove(admin, master, news.name)
      else {
        await kind.put(admin, master, news.name, settings)
        onGroups[group] = settings
      }
    }
    return { ...news, onGroups, clusterGroups: [...masters.keys()] }
  })
}

/**
 * What masters hold now. A group whose master is away keeps what was known: it cannot be told. Of one that has no other
 * broker the NameServers forget even the name, so groups known before count as well.
 */
async function look<I extends PerGroupInputs, S>(kind: PerGroupKind<I, S>, known: PerGroupOutputs<I, S>) {
  return withAdmin(known, async (admin) => {
    const onGroups: Record<string, S> = {}
    const masters = await admin.masters()
    const all = [...new Set([...masters.keys(), ...(known.clusterGroups ?? [])])].sort()
    const groups = all.filter((group) => isMeant(known, group))
    for (const group of groups) {
      const master = masters.get(group)
      const settings = master === undefined ? known.onGroups?.[group] : await kind.find(admin, master, known.name)
      if (settings !== undefined) onGroups[group] = settings
    }
    return { onGroups, clusterGroups: groups }
  })
}

/** How what is there differs from what is wanted, group by group. */
function differences<I extends PerGroupInputs, S>(
  kind: PerGroupKind<I, S>,
  news: I,
  { onGroups, clusterGroups }: Awaited<ReturnType<typeof look<I, S>>>,
): string[] {
  const groups = [...new Set([...clusterGroups, ...kind.namedGroups(news)])]
  return groups.flatMap((group) => {
    const [found, wanted] = [onGroups[group], kind.wanted(news, group)]
    if (isSameValue(found, wanted)) return []
    const show = (settings: S | undefined) => (settings === undefined ? 'nothing' : JSON.stringify(settings))
    return [`on ${group} there is ${show(found)}, the program says ${show(wanted)}`]
  })
}

/** @throws Error when what is there already is not what `existing` of the inputs allows. */
async function checkExisting<I extends PerGroupInputs, S>(kind: PerGroupKind<I, S>, news: I): Promise<void> {
  const { name, clusterName, existing = 'takeOver' } = news
  if (existing === 'takeOver') return
  const found = await look(kind, { ...news, onGroups: {}, clusterGroups: [] })
  const isThere = Object.keys(found.onGroups).length > 0
  if (existing === 'refuse') {
    if (!isThere) return
    throw new Error(
      `${name} exists in cluster ${clusterName} already: choose another name, or take it over with existing: import (also after a run that was cut short)`,
    )
  }
  if (!isThere) throw new Error(`${name} is not in cluster ${clusterName}: there is nothing to import`)
  const different = differences(kind, news, found)
  if (different.length === 0) return
  const fix = 'Write what is there, or let existing: takeOver change it.'
  throw new Error(`${name} cannot be imported as the program has it: ${different.join('; ')}. ${fix}`)
}

/** The implementation of a resource that lives on the masters of a cluster. */
export function perGroupImplementation<I extends PerGroupInputs, S>(
  kind: PerGroupKind<I, S>,
  inputKeys: readonly (keyof I)[],
): Implementation<I, PerGroupOutputs<I, S>> {
  return {
    async diff(olds, news): Promise<dynamic.DiffResult> {
      const moved = (['name', 'clusterName'] as const).filter((key) => olds[key] !== news[key])
      const all = new Set([...olds.clusterGroups, ...kind.namedGroups(news), ...(news.groups ?? [])])
      const groups = [...all].filter((group) => isMeant(news, group))
      const drifted = groups.some((group) => !isSameValue(olds.onGroups[group], kind.wanted(news, group)))
      const changed = inputKeys.some((key) => !isSameValue(olds[key], news[key]))
      return { changes: moved.length > 0 || changed || drifted, replaces: moved }
    },
    async create(news) {
      await checkExisting(kind, news)
      return { id: perGroupId(news.clusterName, news.name), outs: await apply(kind, news, []) }
    },
    async read(_, known) {
      let found: Awaited<ReturnType<typeof look<I, S>>>
      try {
        found = await look(kind, known)
      } catch (error) {
        // Whoever only wants to look has to be told.
        if (known.onGroups === undefined) throw error
        // A cluster that does not answer says nothing about its topics; its nodes show what is wrong.
        console.warn(
          `${known.name} is taken to be as it was: ${error instanceof Error ? error.message : String(error)}`,
        )
        return known
      }
      return Object.keys(found.onGroups).length === 0 ? undefined : { ...known, ...found }
    },
    async update(olds, news) {
      return apply(kind, news, Object.keys(olds.onGroups))
    },
    async delete(known) {
      await withAdmin(known, async (admin) => {
        for (const [group, master] of await admin.masters()) {
          if (master !== undefined) await kind.remove(admin, master, known.name)
          else if (known.onGroups[group] !== undefined) {
            throw new Error(`${known.name}: broker group ${group} has no master to delete it from at the moment`)
          }
        }
        await kind.removed?.(admin, known.name)
      })
    },
  }
}
