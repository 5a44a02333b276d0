/*
 * Columns as Java's printf lays them out, which is how scripts know the official output: %-20s left, %14d right, %.2f
 * digits after the point, %04d zeros in front, %n and \n a line end. A value wider than its column pushes the rest on.
 */

type Cell = string | number | boolean | undefined

const DIRECTIVE = /%(-?)(0?)(\d*)(?:\.(\d+))?([sdfn%])/g

/** One text from a Java format and its values; undefined is printed as Java prints null. */
export function row(format: string, ...values: readonly Cell[]): string {
  let next = 0
  return format.replace(DIRECTIVE, (_, left: string, zero: string, width: string, digits: string, kind: string) => {
    if (kind === 'n') return '\n'
    if (kind === '%') return '%'
    const text = cell(values[next++], kind, digits)
    if (left !== '') return text.padEnd(Number(width))
    return zero === '' ? text.padStart(Number(width)) : text.padStart(Number(width), '0')
  })
}

function cell(value: Cell, kind: string, digits: string | undefined): string {
  if (value === undefined) return 'null'
  return kind === 'f' ? Number(value).toFixed(Number(digits ?? '6')) : String(value)
}

/** A table of one format: heading first. */
export function heading(format: string, ...titles: readonly string[]): string {
  return row(format.replaceAll(/%(-?)0?(\d*)(?:\.\d+)?[df]/g, '%$1$2s'), ...titles)
}

/** The first `length` characters: official columns cut names that are wider. */
export function cut(text: string, length: number): string {
  return text.slice(0, length)
}
