import { AdminError } from './admin-error.ts'
import type { CommandContext } from './command.ts'

interface Change {
  readonly code: number
  readonly verb: string
  /** The header field that says how many topics were changed. */
  readonly countField: string
}

/** Takes or gives the write permission of a broker's topics, in each name server. */
export async function changeWritePerm(context: CommandContext, { code, verb, countField }: Change): Promise<void> {
  const brokerName = context.options.required('b')
  for (const address of context.client.nameServers) {
    const what = `${verb} write perm of broker[${brokerName}] in name server[${address}]`
    try {
      const { fields } = await context.client.call(address, { code, fields: { brokerName } })
      context.print(`${what} OK, ${fields[countField]}\n`)
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      context.print(`${what} Failed\n`)
      context.fail(error)
    }
  }
}
