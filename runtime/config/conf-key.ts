/*
 * The vocabulary of the conf tables: what a key is. A table is a plain object of keys; the type of the configuration
 * object is computed from it, so a key is written down once.
 */

export type ConfValue = number | boolean | string | readonly string[] | undefined

/** The facts about the machine and the process that defaults and paths depend on. */
export interface ConfEnv {
  /** Home folder of the user, what `~` stands for. */
  readonly home: string
  /** $ROCKETMQ_HOME, if set. */
  readonly rocketmqHome: string | undefined
  /** $NAMESRV_ADDR, if set: the default of namesrvAddr. */
  readonly namesrvAddr: string | undefined
  readonly hostName: string
  /** What other machines reach this one by; see local-address.ts. */
  readonly localAddress: string
  readonly processors: number
  /** Absolute; relative paths start here. */
  readonly workingFolder: string
}

/** A default that depends on the machine or on other keys; `shown` is how the documentation puts it. */
export interface Derived<V> {
  readonly shown: string
  readonly from: (env: ConfEnv, get: (key: string) => ConfValue) => V
}

/** `implemented`: has its effect. `accepted`: Apache RocketMQ knows it, here it has no effect, and a warning says so. */
type KeyStatus = 'implemented' | 'accepted'

type KeyType = 'int' | 'long' | 'double' | 'boolean' | 'string' | 'enum' | 'path' | 'list'

interface KeyOptions {
  readonly unit?: string
  /** Smallest and largest value, for numbers. */
  readonly min?: number
  readonly max?: number
  /** Takes effect at once when changed by UPDATE_BROKER_CONFIG or UPDATE_NAMESRV_CONFIG; else at the next start. */
  readonly live?: boolean
  /** Never printed, logged or answered. */
  readonly isSecret?: boolean
  /** Takes effect at once when it changes from one of these values to another. */
  readonly liveAmong?: readonly string[]
}

export interface ConfKey<V extends ConfValue = ConfValue> extends KeyOptions {
  readonly type: KeyType
  readonly default: V | Derived<V>
  readonly doc: string
  readonly status: KeyStatus
  /** The names an enum takes. */
  readonly values?: readonly string[]
  /** What stands between the items of a list. */
  readonly separator?: string
}

export type KeyTable = Readonly<Record<string, ConfKey>>

/** The configuration object a table describes. */
export type Conf<T extends KeyTable> = { readonly [K in keyof T]: T[K] extends ConfKey<infer V> ? V : never }

/** Keys of one subject, documented together. */
export interface ConfSection<T extends KeyTable = KeyTable> {
  readonly title: string
  readonly about: string
  readonly keys: T
  /** Left out of the text that GET_BROKER_CONFIG and GET_NAMESRV_CONFIG answer unless set, as Apache RocketMQ does. */
  readonly printedIfSet?: boolean
}

export const MS: KeyOptions = { unit: 'ms' }
export const SECONDS: KeyOptions = { unit: 's' }
export const MINUTES: KeyOptions = { unit: 'min' }
export const HOURS: KeyOptions = { unit: 'h' }
export const BYTES: KeyOptions = { unit: 'bytes' }
export const PERCENT: KeyOptions = { unit: '%' }
export const PORT: KeyOptions = { min: 0, max: 65535 }
export const SECRET: KeyOptions = { isSecret: true }
export const LIVE: KeyOptions = { live: true }

export function live(options: KeyOptions): KeyOptions {
  return { ...options, live: true }
}

export function derived<V extends ConfValue>(shown: string, from: Derived<V>['from']): Derived<V> {
  return { shown, from }
}

/** The keys have the effect their text describes. */
export function implemented<T extends KeyTable>(keys: T): T {
  return withStatus(keys, 'implemented')
}

/** The keys are known, checked and printed, and change nothing. */
export function accepted<T extends KeyTable>(keys: T): T {
  return withStatus(keys, 'accepted')
}

/** A Java int. */
export function int(byDefault: number | Derived<number>, doc: string, options: KeyOptions = {}): ConfKey<number> {
  return key('int', byDefault, doc, { min: -(2 ** 31), max: 2 ** 31 - 1, ...options })
}

/** A Java long, of which a number holds the values up to 2^53 - 1. */
export function long(byDefault: number | Derived<number>, doc: string, options: KeyOptions = {}): ConfKey<number> {
  return key('long', byDefault, doc, { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, ...options })
}

export function double(byDefault: number, doc: string, options: KeyOptions = {}): ConfKey<number> {
  return key('double', byDefault, doc, options)
}

export function flag(byDefault: boolean | Derived<boolean>, doc: string, options: KeyOptions = {}): ConfKey<boolean> {
  return key('boolean', byDefault, doc, options)
}

export function text(byDefault: string | Derived<string>, doc: string, options: KeyOptions = {}): ConfKey<string> {
  return key('string', byDefault, doc, options)
}

/** Text that is undefined unless given. */
export function optionalText(
  doc: string,
  options: KeyOptions & { readonly byDefault?: Derived<string | undefined> } = {},
): ConfKey<string | undefined> {
  const { byDefault, ...rest } = options
  return key<string | undefined>('string', byDefault, doc, rest)
}

/** A file or folder; see conf-value.ts for what is expanded. */
export function path(byDefault: string | Derived<string>, doc: string): ConfKey<string> {
  return key('path', byDefault, doc, {})
}

/** A path that is undefined unless given. */
export function optionalPath(doc: string, byDefault?: Derived<string | undefined>): ConfKey<string | undefined> {
  return key<string | undefined>('path', byDefault, doc, {})
}

/** One of a few names, spelt exactly so. */
export function oneOf<const V extends string>(
  values: readonly V[],
  byDefault: NoInfer<V>,
  doc: string,
  options: KeyOptions = {},
): ConfKey<V> {
  return { ...key<V>('enum', byDefault, doc, options), values }
}

/** Items with a separator between them; blanks around an item and empty items do not count. */
export function list(
  separator: ';' | ',',
  byDefault: readonly string[] | Derived<readonly string[]>,
  doc: string,
  options: KeyOptions = {},
): ConfKey<readonly string[]> {
  return { ...key<readonly string[]>('list', byDefault, doc, options), separator }
}

export function isDerived<V extends ConfValue>(byDefault: V | Derived<V>): byDefault is Derived<V> {
  return typeof byDefault === 'object' && 'from' in byDefault
}

function key<V extends ConfValue>(
  type: KeyType,
  byDefault: V | Derived<V>,
  doc: string,
  options: KeyOptions,
): ConfKey<V> {
  return { type, default: byDefault, doc, status: 'accepted', ...options }
}

function withStatus<T extends KeyTable>(keys: T, status: KeyStatus): T {
  return Object.fromEntries(Object.entries(keys).map(([name, entry]) => [name, { ...entry, status }])) as unknown as T
}
