import { formatJson } from '../../codec/json/write-json.ts'

/*
 * Text of config/*.json files put together from parts: with 10,000 topics a whole table takes long to format, one that
 * changed does not. The result is what formatJson writes.
 */

/** An object at `depth` of the file, from its fields' names and texts. */
export function objectText(fields: Iterable<readonly [name: string, text: string]>, depth: number): string {
  const indent = '\t'.repeat(depth + 1)
  const lines: string[] = []
  for (const [name, text] of fields) lines.push(`${indent}${JSON.stringify(name)}:${text}`)
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${'\t'.repeat(depth)}}`
}

/** A value as it stands at `depth` of the file. */
export function valueText(value: object, depth: number): string {
  return formatJson(value).replaceAll('\n', `\n${'\t'.repeat(depth)}`)
}

/** Texts of objects that are replaced, never changed. */
export class TextCache {
  readonly #depth: number
  readonly #texts = new WeakMap<object, string>()

  constructor(depth: number) {
    this.#depth = depth
  }

  of(value: object): string {
    let text = this.#texts.get(value)
    if (text === undefined) {
      text = valueText(value, this.#depth)
      this.#texts.set(value, text)
    }
    return text
  }
}
