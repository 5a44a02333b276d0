/*
 * Property values as the SDK writes them into a Struct. Facts: sdk/nodejs/runtime/rpc.ts of @pulumi/pulumi.
 */

export type Properties = Record<string, unknown>

/** Stands for a value that only a real run can tell. */
export const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'
const signatureKey = '4dabf18193072939515e22adb298388d'
const secretSignature = '1b47061264138c4ac30d75fd1eb44270'
/** The text of a dynamic provider, an input like the others. */
export const providerKey = '__provider'

/** Properties with the text of the dynamic provider that others have, if they have one. */
export const withProviderOf = (others: Properties, properties: Properties): Properties =>
  others[providerKey] === undefined ? properties : { ...properties, [providerKey]: others[providerKey] }

const isObject = (value: unknown): value is Properties => typeof value === 'object' && value !== null

export const hasUnknown = (value: unknown): boolean =>
  value === unknownValue || (isObject(value) && Object.values(value).some(hasUnknown))

function withoutSecretMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecretMarks)
  if (!isObject(value)) return value
  if (value[signatureKey] === secretSignature) return withoutSecretMarks(value['value'])
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecretMarks(inner)]))
}

/** Values without the marks around secrets: a test's state need not hide them. */
export const plain = (properties: Properties): Properties => withoutSecretMarks(properties) as Properties
