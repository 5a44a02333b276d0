import ts from 'typescript'
import { ArgumentTypes } from './argument-types.ts'

/** Stands for a value that only a real run can tell. Source: sdk/nodejs/runtime/rpc.ts of @pulumi/pulumi. */
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'
/** Marks secrets, assets and resources among the values of an object. */
const signatureKey = '4dabf18193072939515e22adb298388d'
const secretSignature = '1b47061264138c4ac30d75fd1eb44270'

type Properties = Readonly<Record<string, unknown>>

const packages = new Map<string, ArgumentTypes>()

function typesOf(resourceType: string): ArgumentTypes {
  const [first = '', , third = ''] = resourceType.split(':')
  const name = first === 'pulumi' ? third : first
  const types = packages.get(name) ?? new ArgumentTypes(name)
  packages.set(name, types)
  return types
}

/**
 * What is wrong with the inputs of a resource by the types its package ships, nested ones included, which the SDK lets
 * through: keys that do not exist, values of a wrong type, required ones missing. Each problem names its path.
 * @param resourceType as registered, e.g. `docker:index/container:Container`
 */
export function argumentProblems(resourceType: string, inputs: Properties): string[] {
  const types = typesOf(resourceType)
  const given = resourceType.startsWith('pulumi:providers:') ? decoded(inputs) : inputs
  return new Check(types).members(types.argumentsOf(resourceType).members, given, '')
}

/** The SDK hands providers what is not a text as JSON. */
const decoded = (inputs: Properties): Properties =>
  Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => {
      const isJson = typeof value === 'string' && /^([[{]|true$|false$|-?\d+$)/.test(value)
      return [key, isJson ? JSON.parse(value) : value]
    }),
  )

const isObject = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : typeof value

const wrongKind = (path: string, value: unknown, wanted: string): string[] => [
  `${path}: must be ${wanted}, is ${kindOf(value)}`,
]

const isUndefined = (type: ts.TypeNode): boolean => type.kind === ts.SyntaxKind.UndefinedKeyword

class Check {
  readonly #types: ArgumentTypes

  constructor(types: ArgumentTypes) {
    this.#types = types
  }

  members(members: readonly ts.TypeElement[], value: Properties, path: string): string[] {
    const at = (key: string) => (path === '' ? key : `${path}.${key}`)
    const declared = new Map(members.filter(ts.isPropertySignature).map((member) => [nameOf(member), member] as const))
    const index = members.find(ts.isIndexSignatureDeclaration)
    const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
    const wrong = present.flatMap(([key, inner]) => {
      const type = declared.get(key)?.type ?? index?.type
      return type === undefined ? [`${at(key)}: no such input`] : this.#value(type, inner, at(key))
    })
    const missing = [...declared].filter(([key, { questionToken }]) => !questionToken && value[key] === undefined)
    return [...wrong, ...missing.map(([key]) => `${at(key)}: missing`)]
  }

  #value(type: ts.TypeNode, given: unknown, path: string): string[] {
    if (given === unknownValue) return []
    const value = isObject(given) && given[signatureKey] === secretSignature ? given['value'] : given
    if (ts.isUnionTypeNode(type)) return this.#union(type, value, path)
    if (ts.isParenthesizedTypeNode(type)) return this.#value(type.type, value, path)
    if (ts.isTypeReferenceNode(type)) return this.#reference(type, value, path)
    if (ts.isArrayTypeNode(type)) {
      if (!Array.isArray(value)) return wrongKind(path, value, 'a list')
      return value.flatMap((inner, index) => this.#value(type.elementType, inner, `${path}[${index}]`))
    }
    if (ts.isTypeLiteralNode(type)) {
      return isObject(value) ? this.members(type.members, value, path) : wrongKind(path, value, 'an object')
    }
    if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) {
      return value === type.literal.text ? [] : [`${path}: must be "${type.literal.text}"`]
    }
    return primitive(type, value, path)
  }

  /** Right when one of the types fits; otherwise the problems of the one that comes nearest. */
  #union(type: ts.UnionTypeNode, value: unknown, path: string): string[] {
    const tries = type.types.filter((each) => !isUndefined(each)).map((each) => this.#value(each, value, path))
    return tries.reduce((best, each) => (each.length < best.length ? each : best))
  }

  #reference(type: ts.TypeReferenceNode, value: unknown, path: string): string[] {
    const name = entityName(type.typeName)
    const [argument] = type.typeArguments ?? []
    if (argument !== undefined && /^(pulumi\.Input|Promise|pulumi\.Output)$/.test(name)) {
      return this.#value(argument, value, path)
    }
    if (name.startsWith('enums.')) return isObject(value) ? wrongKind(path, value, 'one of a few values') : []
    // Resources, assets, archives and documents.
    if (!name.startsWith('inputs.')) return isObject(value) ? [] : wrongKind(path, value, `a ${name}`)
    if (!isObject(value)) return wrongKind(path, value, 'an object')
    return this.members(this.#types.nested(name.slice('inputs.'.length)).members, value, path)
  }
}

function primitive(type: ts.TypeNode, value: unknown, path: string): string[] {
  const wanted = {
    [ts.SyntaxKind.StringKeyword]: 'string',
    [ts.SyntaxKind.NumberKeyword]: 'number',
    [ts.SyntaxKind.BooleanKeyword]: 'boolean',
    [ts.SyntaxKind.AnyKeyword]: undefined,
  }
  if (!(type.kind in wanted)) throw new Error(`${path}: declarations have grown a type this does not read`)
  const kind = wanted[type.kind as keyof typeof wanted]
  return kind === undefined || typeof value === kind ? [] : wrongKind(path, value, `a ${kind}`)
}

const nameOf = ({ name }: ts.PropertySignature): string =>
  ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : ''

const entityName = (name: ts.EntityName): string =>
  ts.isIdentifier(name) ? name.text : `${entityName(name.left)}.${name.right.text}`
