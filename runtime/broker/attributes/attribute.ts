/** What is wrong with a change of attributes. The message is the remark that goes to the client. */
export class AttributeError extends Error {
  override readonly name = 'AttributeError'
}

/** An attribute a topic or a group may have, and which values it takes (`Attribute` and its kinds). */
export interface Attribute {
  /** May be set, changed and removed after creation. */
  readonly changeable: boolean
  /** What is wrong with a value, undefined if nothing. */
  readonly problem: (value: string) => string | undefined
}

export type AttributeTable = Readonly<Record<string, Attribute>>

export function enumAttribute(values: readonly string[], changeable: boolean): Attribute {
  return {
    changeable,
    problem: (value) => (values.includes(value) ? undefined : `value is not in set: [${values.join(', ')}]`),
  }
}

export function booleanAttribute(changeable: boolean): Attribute {
  return {
    changeable,
    problem: (value) => (/^(true|false)$/i.test(value) ? undefined : 'boolean attribute format is wrong.'),
  }
}

export function textAttribute(changeable: boolean): Attribute {
  return { changeable, problem: () => undefined }
}

/** Both bounds belong to the range. They are bigint because Long.MAX_VALUE is one of them. */
export function rangeAttribute(min: bigint, max: bigint, changeable: boolean): Attribute {
  return {
    changeable,
    problem: (value) => {
      if (!/^[+-]?\d+$/.test(value)) return `For input string: "${value}"`
      const number = BigInt(value.replace('+', ''))
      return number >= min && number <= max ? undefined : `value is not in range(${min}, ${max})`
    },
  }
}

/**
 * Reads `+key1=value1,-key2,...` as mqadmin sends it with UPDATE_AND_CREATE_TOPIC. Keys keep their sign.
 * @throws AttributeError
 */
export function parseAttributeChanges(text: string | undefined): Map<string, string> {
  const changes = new Map<string, string>()
  if (text === undefined || text === '') return changes
  for (const pair of text.split(',')) {
    const [key = '', value = ''] = pair.split('=')
    if (pair.includes('=')) {
      if (!key.includes('+')) throw new AttributeError(`add/alter attribute format is wrong: ${key}`)
    } else if (!key.includes('-')) {
      throw new AttributeError(`delete attribute format is wrong: ${key}`)
    }
    if (changes.has(key)) throw new AttributeError(`key duplication: ${key}`)
    changes.set(key, value)
  }
  return changes
}

/**
 * The attributes after a change. Keys of `changes` carry a sign: `+key` sets, `-key` removes.
 *
 * @param isCreation nothing may be removed then, and attributes that are fixed afterwards may be set
 * @throws AttributeError
 */
export function changeAttributes(
  isCreation: boolean,
  table: AttributeTable,
  current: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string>,
): Map<string, string> {
  const result = new Map(current)
  const seen = new Set<string>()
  for (const [signed, value] of changes) {
    const key = signed.slice(1)
    if (key === '' || key.includes('+') || key.includes('-')) throw new AttributeError('kv string format wrong.')
    if (seen.has(key)) throw new AttributeError(`alter duplication key. key: ${key}`)
    seen.add(key)
    const isRemoval = signed.startsWith('-')
    checkSign(isCreation, signed, key, current)
    checkChange(isCreation, isRemoval, table, key, value)
    if (isRemoval) result.delete(key)
    else result.set(key, value)
  }
  return result
}

function checkSign(isCreation: boolean, signed: string, key: string, current: ReadonlyMap<string, string>): void {
  if (signed.startsWith('+')) return
  if (isCreation) throw new AttributeError(`only add attribute is supported while creating topic. key: ${key}`)
  if (!signed.startsWith('-')) throw new AttributeError(`wrong format key: ${key}`)
  if (!current.has(key)) throw new AttributeError(`attempt to delete a nonexistent key: ${key}`)
}

function checkChange(isCreation: boolean, isRemoval: boolean, table: AttributeTable, key: string, value: string): void {
  const attribute = Object.hasOwn(table, key) ? table[key] : undefined
  if (!attribute) throw new AttributeError(`unsupported key: ${key}`)
  if (!isCreation && !attribute.changeable) {
    throw new AttributeError(`attempt to update an unchangeable attribute. key: ${key}`)
  }
  const problem = isRemoval ? undefined : attribute.problem(value)
  if (problem !== undefined) throw new AttributeError(problem)
}
