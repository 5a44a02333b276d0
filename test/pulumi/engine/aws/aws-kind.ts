import type { Properties } from '../values.ts'
import type { MotoBridge } from './moto-bridge.ts'

/**
 * A resource type of Pulumi's aws provider: what that one does for the inputs that our components use. Source of the facts:
 * internal/service of terraform-provider-aws 6, which it is made of.
 */
export interface AwsKind {
  /** Inputs whose change replaces the resource; of all others `update` takes care. */
  readonly replaces: readonly string[]
  /** @returns the id, and what is known beyond the inputs */
  create(cloud: MotoBridge, inputs: Properties): Promise<{ readonly id: string; readonly found?: Properties }>
  update?(cloud: MotoBridge, id: string, olds: Properties, news: Properties): Promise<void>
  /** @throws Error when it is gone */
  look(cloud: MotoBridge, id: string, known: Properties): Promise<unknown>
  delete(cloud: MotoBridge, id: string, known: Properties): Promise<void>
}

/** Tags as EC2 and IAM have them. */
export const tagList = (tags: unknown): { Key: string; Value: string }[] =>
  Object.entries((tags ?? {}) as Record<string, string>).map(([Key, Value]) => ({ Key, Value }))

export const tagsFor = (resource: string, tags: unknown) => ({
  TagSpecifications: [{ ResourceType: resource, Tags: tagList(tags) }],
})

export const text = (value: unknown): string => String(value ?? '')
