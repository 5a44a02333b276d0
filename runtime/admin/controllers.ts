import type { RemotingCommand, RequestDraft } from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError, RefusedError } from './admin-error.ts'
import { type OptionSpec, required } from './command.ts'

/** As the official tool waits for a controller. */
const CONTROLLER_TIMEOUT_MS = 3000

/** -a for one controller: any of them, the leader is found from there. */
export const CONTROLLER = required('a', 'controllerAddress', 'the address of controller')
/** -a for several, each of which is asked. */
export const CONTROLLERS: OptionSpec = required(
  'a',
  'controllerAddress',
  'Controller address list, eg: 192.168.0.1:9878;192.168.0.2:9878',
)

export function controllerList(text: string): string[] {
  return text
    .split(';')
    .map((address) => address.trim())
    .filter((address) => address !== '')
}

/** What a controller knows of the others. */
export async function controllerMetadata(client: AdminClient, address: string): Promise<RemotingCommand> {
  return client.call(address, { code: RequestCode.CONTROLLER_GET_METADATA_INFO }, CONTROLLER_TIMEOUT_MS)
}

/** Asks the leader that the controllers at `addresses` name; the first one that answers is believed. */
export async function callLeader(
  client: AdminClient,
  addresses: readonly string[],
  request: RequestDraft,
  timeoutMs = CONTROLLER_TIMEOUT_MS,
): Promise<RemotingCommand> {
  const leader = await findLeader(client, addresses)
  const answer = await client.ask(leader, request, timeoutMs)
  if (answer.code === ResponseCode.SUCCESS) return answer
  throw new RefusedError(leader, request.code, answer.code, answer.remark)
}

async function findLeader(client: AdminClient, addresses: readonly string[]): Promise<string> {
  let last: unknown
  for (const address of addresses) {
    try {
      const { fields } = await controllerMetadata(client, address)
      const leader = fields['controllerLeaderAddress']
      if (leader) return leader
      last = new AdminError(`controller ${address} knows no leader; a majority of the controllers has to run`)
    } catch (error) {
      if (!(error instanceof AdminError)) throw error
      last = error
    }
  }
  throw last ?? new AdminError('-a names no controller')
}
