/** One `key=value` of a properties file. */
export type Property = readonly [key: string, value: string | number | boolean]

const hexLength = 4

/**
 * Escapes a value for java.util.Properties, which reads files as ISO-8859-1: a backslash starts an escape, leading blanks
 * are skipped, a line end ends the value, and anything beyond ASCII is safest as \uXXXX.
 */
const escapeValue = (value: string): string => {
  let text = ''
  for (let index = 0; index < value.length; index++) {
    const character = value[index] ?? ''
    const code = value.charCodeAt(index)
    if (character === '\\') text += '\\\\'
    else if (character === '\n') text += '\\n'
    else if (character === '\r') text += '\\r'
    else if (character === '\t') text += '\\t'
    else if (character === ' ' && index === 0) text += '\\ '
    else if (code < 0x20 || code > 0x7e) text += `\\u${code.toString(16).padStart(hexLength, '0')}`
    else text += character
  }
  return text
}

/** Renders a properties file: one property a line, in the given order. */
export const renderProperties = (comment: string, properties: Iterable<Property>): string => {
  const lines = [`# ${comment}`]
  for (const [key, value] of properties) lines.push(`${key}=${escapeValue(String(value))}`)
  return `${lines.join('\n')}\n`
}
