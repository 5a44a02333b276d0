import type { RegistrationContext } from './registration.ts'
import type { ResourceState } from './state.ts'
import { unknownValue } from './values.ts'

/**
 * Before a resource is deleted to be made anew, those go that could not live through it: that have an input from it, or from
 * another that goes, and would be replaced if that input changed. Their program makes them anew later on.
 * Source: calculateDependentReplacements of Pulumi's engine.
 */
export async function removeDependants(context: RegistrationContext, urn: string): Promise<void> {
  const { state, steps, providers } = context
  const going = new Map<string, ResourceState>()
  for (const resource of state.resources) {
    const isAffected = (sources: readonly string[]) => sources.some((source) => source === urn || going.has(source))
    const unknown = Object.entries(resource.inputDependencies).filter(([, sources]) => isAffected(sources))
    if (!resource.custom || unknown.length === 0) continue
    const provider = await providers.of(resource)
    const news = { ...resource.inputs, ...Object.fromEntries(unknown.map(([key]) => [key, unknownValue])) }
    const { replaces } = await provider.diff(resource.urn, resource.id, resource.outputs, news)
    if (replaces.length > 0) going.set(resource.urn, resource)
  }
  // Those made last go first.
  for (const resource of [...going.values()].reverse()) {
    const provider = await providers.of(resource)
    await steps.run('delete', resource.urn, () => provider.delete(resource.urn, resource.id, resource.outputs))
    state.remove(resource.urn)
  }
}
