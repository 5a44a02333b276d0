import { isDeepStrictEqual } from 'node:util'
import type resource from '@pulumi/pulumi/proto/resource_pb.js'
import { removeDependants } from './dependants.ts'
import type { Providers } from './providers.ts'
import { urnOf } from './removal.ts'
import type { ResourceProvider } from './resource-provider.ts'
import { fromStruct } from './sdk.ts'
import type { ResourceState, State } from './state.ts'
import type { StepLog } from './step-log.ts'
import { hasUnknown, type Properties, plain, withProviderOf } from './values.ts'

export interface RegistrationContext {
  readonly state: State
  readonly steps: StepLog
  readonly stack: string
  readonly project: string
  /** Nothing is done, only told. */
  readonly preview: boolean
  readonly providers: Providers
}

const stackType = 'pulumi:pulumi:Stack'

/** The resource a request speaks of, its inputs not checked yet. `rootUrn` becomes the parent of what names none. */
export function requestedResource(
  request: resource.RegisterResourceRequest,
  { stack, project }: Pick<RegistrationContext, 'stack' | 'project'>,
  rootUrn: string,
): ResourceState {
  const type = request.getType()
  const parent = request.getParent() || (type === stackType ? '' : rootUrn)
  const parentType = parent.split('::')[2] ?? ''
  const qualified = parentType === '' || parentType === stackType ? type : `${parentType}$${type}`
  const inputs = plain(fromStruct(request.getObject()))
  const ofProperties = [...request.getPropertydependenciesMap().entries()] as [string, { getUrnsList(): string[] }][]
  return {
    urn: `urn:pulumi:${stack}::${project}::${qualified}::${request.getName()}`,
    type,
    name: request.getName(),
    custom: request.getCustom(),
    id: '',
    parent,
    provider: request.getProvider(),
    dependencies: [
      ...new Set([...request.getDependenciesList(), ...ofProperties.flatMap(([, urns]) => urns.getUrnsList())]),
    ],
    inputDependencies: Object.fromEntries(ofProperties.map(([key, urns]) => [key, urns.getUrnsList()])),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    deletedWith: request.getDeletedwith(),
    ignoreChanges: request.getIgnorechangesList(),
    inputs,
    outputs: inputs,
  }
}

/** The inputs of before where a change is to be ignored. */
function withIgnored({ inputs, ignoreChanges }: ResourceState, old: ResourceState | undefined): Properties {
  if (old === undefined) return inputs
  return { ...inputs, ...Object.fromEntries(ignoreChanges.map((key) => [key, old.inputs[key]])) }
}

/** Brings a component into the state; there is nothing to do for it. */
export function registerComponent(context: RegistrationContext, wanted: ResourceState): ResourceState {
  const old = context.state.find(wanted.urn)
  context.steps.add(old === undefined ? 'create' : 'same', wanted.urn)
  if (!context.preview) context.state.put(wanted)
  return wanted
}

/** Check, diff, and then create, update, replace or leave alone: what the engine does for a resource with a provider. */
export async function registerCustom(context: RegistrationContext, asked: ResourceState): Promise<ResourceState> {
  const { state, preview } = context
  const provider = await context.providers.of(asked)
  const old = state.find(asked.urn)
  const inputs = await provider.check(asked.urn, old?.inputs ?? {}, withIgnored(asked, old))
  const wanted = { ...asked, inputs, outputs: inputs }
  if (old === undefined) return create(context, provider, wanted, 'create')
  const difference = hasUnknown(inputs)
    ? { changes: true, replaces: [], deleteBeforeReplace: false }
    : await provider.diff(asked.urn, old.id, old.outputs, inputs)
  if (isOfSameProvider(old, asked) && !(difference.changes ?? !isDeepStrictEqual(old.inputs, inputs))) {
    context.steps.add('same', asked.urn)
    const outputs = withProviderOf(inputs, old.outputs)
    const same = { ...wanted, id: old.id, outputs }
    if (!preview) state.put(same)
    return same
  }
  if (difference.replaces.length > 0 || !isOfSameProvider(old, asked)) {
    const deleteFirst = wanted.deleteBeforeReplace || difference.deleteBeforeReplace
    return replace(context, provider, old, wanted, deleteFirst)
  }
  if (preview) {
    context.steps.add('update', asked.urn)
    return { ...wanted, id: old.id, outputs: { ...old.outputs, ...inputs } }
  }
  const outputs = await context.steps.run('update', asked.urn, () =>
    provider.update(asked.urn, old.id, old.outputs, inputs),
  )
  const updated = { ...wanted, id: old.id, outputs }
  state.put(updated)
  return updated
}

/** What another provider looks after is another thing. */
const isOfSameProvider = (a: ResourceState, b: ResourceState): boolean => urnOf(a.provider) === urnOf(b.provider)

async function create(
  { state, steps, preview }: RegistrationContext,
  provider: ResourceProvider,
  wanted: ResourceState,
  operation: 'create' | 'replace',
): Promise<ResourceState> {
  if (preview) {
    // What the inputs lack reads as unknown in the SDK, as with the real engine.
    steps.add(operation, wanted.urn)
    return wanted
  }
  const made = await steps.run(operation, wanted.urn, () => provider.create(wanted.urn, wanted.inputs))
  const created = { ...wanted, id: made.id, outputs: made.outputs satisfies Properties }
  state.put(created)
  return created
}

async function replace(
  context: RegistrationContext,
  provider: ResourceProvider,
  old: ResourceState,
  wanted: ResourceState,
  deleteFirst: boolean,
): Promise<ResourceState> {
  const removeOld = async () => {
    if (context.preview || old.retainOnDelete) return
    if (old.protect) throw new Error(`${old.urn} is protected and cannot be deleted`)
    const former = isOfSameProvider(old, wanted) ? provider : await context.providers.of(old)
    await former.delete(old.urn, old.id, old.outputs)
  }
  if (deleteFirst) {
    if (!context.preview) await removeDependants(context, old.urn)
    await removeOld()
    if (!context.preview) context.state.remove(old.urn)
  }
  const created = await create(context, provider, wanted, 'replace')
  if (!deleteFirst) await removeOld()
  return created
}
