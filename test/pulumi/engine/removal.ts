import type { Providers } from './providers.ts'
import type { ResourceState, State } from './state.ts'
import type { StepLog } from './step-log.ts'

export interface RemovalContext {
  readonly state: State
  readonly steps: StepLog
  readonly preview: boolean
  readonly providers: Providers
}

/** Deletes resources at the same time where nothing that is still there needs them: dependants and children go first. */
export async function removeAll(context: RemovalContext, doomed: readonly ResourceState[]): Promise<void> {
  const protectedOne = doomed.find((resource) => resource.protect && !resource.retainOnDelete)
  if (protectedOne !== undefined) throw new Error(`${protectedOne.urn} is protected and cannot be deleted`)
  const urns = new Set(doomed.map(({ urn }) => urn))
  let left = [...doomed]
  while (left.length > 0) {
    const needed = new Set(
      left.flatMap(({ dependencies, parent, provider }) => [...dependencies, parent, urnOf(provider)]),
    )
    const stage = left.filter(({ urn }) => !needed.has(urn))
    if (stage.length === 0) throw new Error(`resources depend on one another in a circle: ${left[0]?.urn}`)
    await Promise.all(stage.map((resource) => remove(context, resource, urns)))
    left = left.filter((resource) => !stage.includes(resource))
  }
}

async function remove(context: RemovalContext, resource: ResourceState, doomed: ReadonlySet<string>): Promise<void> {
  const { urn, id, outputs } = resource
  const { state, steps, preview } = context
  if (preview) {
    steps.add('delete', urn)
    return
  }
  const goesAlong = resource.deletedWith !== '' && doomed.has(resource.deletedWith)
  if (resource.custom && !resource.retainOnDelete && !goesAlong) {
    const provider = await context.providers.of(resource)
    await steps.run('delete', urn, () => provider.delete(urn, id, outputs))
  } else steps.add('delete', urn)
  state.remove(urn)
}

/** Of a reference `urn::id`. */
export const urnOf = (provider: string): string => provider.slice(0, Math.max(0, provider.lastIndexOf('::')))
