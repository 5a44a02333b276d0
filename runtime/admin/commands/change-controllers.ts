import { RequestCode } from '../../codec/remoting/request-code.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { CONTROLLER, callLeader, controllerList } from '../controllers.ts'

/** What is printed after each change. */
const DONE: Readonly<Record<string, string>> = { add: 'added', remove: 'removed', lead: 'leads' }
/** A new controller first gets all that the others have agreed on. */
const CHANGE_TIMEOUT_MS = 60_000

export const command: AdminCommand = {
  name: 'changeControllers',
  summary: 'Add or remove a controller, or hand the lead to one. Of this engine only.',
  options: [
    CONTROLLER,
    required('o', 'operation', 'add, remove or lead'),
    required('i', 'controllerId', 'id of the controller, as in controllerDLegerPeers'),
    value('p', 'peerAddress', 'host:port of a controller that is added'),
  ],
  async run({ client, options, print }) {
    const change = options.required('o')
    const controllerId = options.required('i')
    const controllerAddress = options.text('p')
    if (!Object.hasOwn(DONE, change)) {
      throw new AdminError(`changeControllers: -o is "${change}"; give one of ${Object.keys(DONE).join(', ')}`)
    }
    if (change === 'add' && !controllerAddress)
      throw new AdminError('changeControllers: give -p <host:port> to add a controller')
    const fields = { change, controllerId, controllerAddress }
    const request = { code: RequestCode.CHANGE_CONTROLLERS, fields }
    await callLeader(client, controllerList(options.required('a')), request, CHANGE_TIMEOUT_MS)
    print(`controller ${controllerId} ${DONE[change]}\n`)
  },
}
