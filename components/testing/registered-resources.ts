import * as pulumi from '@pulumi/pulumi'
import { seeReplicas } from '../broker/seen-replicas.ts'

/** A resource as a program registered it, in a test without engine. */
export interface RegisteredResource {
  readonly type: string
  readonly name: string
  readonly inputs: Record<string, unknown>
}

/** Everything registered since {@link mockEngine}, without the text of dynamic providers. */
export const registered: RegisteredResource[] = []

/** What a provider would answer beyond the inputs. */
export interface MockAnswers {
  readonly outputsOf?: (type: string, name: string) => Readonly<Record<string, unknown>>
  readonly call?: (token: string, inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>
  readonly isPreview?: boolean
}

/** Puts Pulumi's mocks in the place of an engine. Inputs come back as outputs. No controllers are asked. */
export async function mockEngine(
  stack = 'dev',
  { outputsOf, call, isPreview = false }: MockAnswers = {},
): Promise<void> {
  registered.length = 0
  seeReplicas(async () => undefined)
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { __provider: _, ...shown } = inputs as Record<string, unknown>
        registered.push({ type, name, inputs: shown })
        const found = { ...foundByProvider(type, inputs), ...outputsOf?.(type, name) }
        return { id: `${name}-id`, state: { ...inputs, ...found } }
      },
      call: ({ token, inputs }) => call?.(token, inputs) ?? inputs,
    },
    'gantry',
    stack,
    isPreview,
  )
}

/** What a provider says of a resource that programs read. */
const foundByProvider = (type: string, inputs: Record<string, unknown>): Record<string, unknown> =>
  type === 'docker:index/remoteImage:RemoteImage' ? { imageId: `sha256:of-${inputs['name']}` } : {}

/** Waits until everything under way has reached the mocks: a test must not leave calls to the next one. */
export const allRegistered = (): Promise<void> => pulumi.runtime.disconnect()

/** The value of an output, once everything it depends on is registered. */
export const settled = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    pulumi.output(output).apply((value) => resolve(value as T))
  })

/** Resources of a type by name, the names sorted. */
export const registeredOf = (type: string): RegisteredResource[] =>
  registered.filter((resource) => resource.type === type).sort((a, b) => (a.name < b.name ? -1 : 1))
