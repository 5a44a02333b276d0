import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { FilterSyntaxError } from '../../filter/filter-syntax-error.ts'
import { SqlFilter } from '../../filter/sql-filter.ts'

const SQL92 = 'SQL92'
/** Compiled expressions kept, by text: as many as the original keeps. */
const KEPT_MAX = 100

/** Compiles expressions, each once: pulls bring theirs along again and again. */
export class CompiledFilters {
  readonly #byExpression = new Map<string, SqlFilter>()

  /** @throws RequestError SUBSCRIPTION_PARSE_FAILED with the place and the reason */
  get(expression: string, type: string): SqlFilter {
    if (type !== SQL92) {
      const remark = `expressions of type ${type} are not known, only TAG and ${SQL92}`
      throw new RequestError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark)
    }
    const known = this.#byExpression.get(expression)
    if (known !== undefined) {
      if (this.#byExpression.size === KEPT_MAX) this.#keep(expression, known)
      return known
    }
    return this.#keep(expression, compile(expression))
  }

  /** Why an expression cannot be compiled, with a blank before it; empty when it can. */
  reasonAgainst(expression: string, type: string): string {
    try {
      this.get(expression, type)
      return ''
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      return ` ${error.message}`
    }
  }

  /** The last one used is the last to go. */
  #keep(expression: string, filter: SqlFilter): SqlFilter {
    const filters = this.#byExpression
    filters.delete(expression)
    filters.set(expression, filter)
    if (filters.size > KEPT_MAX) filters.delete(filters.keys().next().value!)
    return filter
  }
}

function compile(expression: string): SqlFilter {
  try {
    return new SqlFilter(expression)
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error
    throw new RequestError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, error.message, { cause: error })
  }
}
