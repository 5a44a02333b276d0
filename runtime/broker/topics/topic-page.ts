import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError, parseJson } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { readDataVersion } from '../../codec/route/data-version.ts'
import type { DataVersion } from '../metadata/data-version.ts'

/**
 * The names that a request for one page of a table (of topics or groups) asks for, sorted; undefined when it asks for the
 * whole table, as clients before 5.4 do. A page other than the first begins anew when the table has changed since.
 *
 * @param numbers the request's fields: where the page starts, and how many it may have
 * @param sizeMax splitMetadataSize
 */
export function requestedPage(
  request: CommandView,
  numbers: { readonly start: string; readonly max: string },
  names: Iterable<string>,
  version: DataVersion,
  sizeMax: number,
): string[] | undefined {
  const known = request.text('dataVersion')
  const start = request.integer(numbers.start)
  const max = request.integer(numbers.max)
  if (known === undefined && start === undefined && max === undefined) return undefined
  const from = start !== undefined && start > 0 && isVersion(known, version) ? start : 0
  const size = Math.max(0, Math.min(sizeMax, max ?? sizeMax))
  return [...names].sort().slice(from, from + size)
}

function isVersion(text: string | undefined, version: DataVersion): boolean {
  if (text === undefined || text.trim() === '') return false
  try {
    return version.equals(readDataVersion(parseJson(text)))
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof JsonFieldError) return false
    throw error
  }
}
