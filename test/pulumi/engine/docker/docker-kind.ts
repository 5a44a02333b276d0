import type { EngineClient } from '../../../../components/platform/docker/engine/engine-client.ts'
import type { Properties } from '../values.ts'

/**
 * A resource type of Pulumi's docker provider: what that one does for the inputs that our components use, and no more.
 * Source of the facts: internal/provider of terraform-provider-docker 4, which it is made of.
 */
export interface DockerKind {
  /** Inputs, and whether a change of one replaces the resource. */
  readonly inputs: Readonly<Record<string, 'replace' | 'update'>>
  /** What the provider fills in for inputs that are left out. */
  withDefaults(inputs: Properties): Properties
  create(engine: EngineClient, inputs: Properties): Promise<{ readonly id: string; readonly outputs: Properties }>
  /** The real values of what `known` has; undefined when the thing is gone. */
  read(engine: EngineClient, id: string, known: Properties): Promise<Properties | undefined>
  update(engine: EngineClient, id: string, olds: Properties, news: Properties): Promise<Properties>
  delete(engine: EngineClient, id: string, known: Properties): Promise<void>
}
