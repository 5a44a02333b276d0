import { renderProperty } from '../../../runtime/config/properties-file.ts'

/** One `key=value` of a conf file. */
export type Property = readonly [key: string, value: string | number | boolean]

/** Renders a conf file: a comment, then one property a line in the given order. */
export const renderProperties = (comment: string, properties: Iterable<Property>): string => {
  const lines = [`# ${comment}`]
  for (const [key, value] of properties) lines.push(renderProperty(key, String(value)))
  return `${lines.join('\n')}\n`
}
