import type { dynamic } from '@pulumi/pulumi'
import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import { ClusterAdmin } from './cluster-admin.ts'

/** Inputs of a thing that has settings of its own on the master of each broker group. */
export interface PerGroupInputs {
  /** `host:port;host:port` */
  readonly namesrvAddr: string
  /** brokerClusterName. */
  readonly clusterName: string
  readonly name: string
}

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

/** Brings every master to what the inputs want; `before` names groups that had it. */
async function apply<I extends PerGroupInputs, S>(kind: PerGroupKind<I, S>, news: I, before: readonly string[]) {
  return withAdmin(news, async (admin) => {
    const masters = await admin.masters()
    const missing = kind.namedGroups(news).filter((group) => masters.get(group) === undefined)
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

/** What masters hold now. A group whose master is away keeps what was known: it cannot be told. */
async function look<I extends PerGroupInputs, S>(kind: PerGroupKind<I, S>, known: PerGroupOutputs<I, S>) {
  return withAdmin(known, async (admin) => {
    const onGroups: Record<string, S> = {}
    const masters = await admin.masters()
    for (const [group, master] of masters) {
      const settings = master === undefined ? known.onGroups?.[group] : await kind.find(admin, master, known.name)
      if (settings !== undefined) onGroups[group] = settings
    }
    return { onGroups, clusterGroups: [...masters.keys()] }
  })
}

/** The implementation of a resource that lives on the masters of a cluster. */
export function perGroupImplementation<I extends PerGroupInputs, S>(
  kind: PerGroupKind<I, S>,
  inputKeys: readonly (keyof I)[],
): Implementation<I, PerGroupOutputs<I, S>> {
  return {
    async diff(olds, news): Promise<dynamic.DiffResult> {
      const moved = (['name', 'clusterName'] as const).filter((key) => olds[key] !== news[key])
      const groups = [...new Set([...olds.clusterGroups, ...kind.namedGroups(news)])]
      const drifted = groups.some((group) => !isSameValue(olds.onGroups[group], kind.wanted(news, group)))
      const changed = inputKeys.some((key) => !isSameValue(olds[key], news[key]))
      return { changes: moved.length > 0 || changed || drifted, replaces: moved }
    },
    async create(news) {
      return { id: `${news.clusterName}/${news.name}`, outs: await apply(kind, news, []) }
    },
    async read(_, known) {
      let found: Awaited<ReturnType<typeof look<I, S>>>
      try {
        found = await look(kind, known)
      } catch (error) {
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
