import { textField } from '../../codec/json/json-fields.ts'
import { getUser, items, listUsers, putUser } from '../access.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'copyUser',
  summary: 'Copy user to cluster.',
  options: [
    required('f', 'fromBroker', 'the source broker that the users copy from'),
    required('t', 'toBroker', 'the target broker that the users copy to'),
    value('u', 'usernames', 'the username list of user to copy.'),
  ],
  async run({ client, options, print }) {
    const [from, to] = [options.required('f'), options.required('t')]
    const names = items(options.text('u') ?? '')
    const users =
      names.length === 0
        ? await listUsers(client, from)
        : (await Promise.all(names.map((name) => getUser(client, from, name)))).filter((user) => user !== undefined)
    for (const user of users) {
      const username = textField(user, 'username') ?? ''
      if (textField(user, 'password') === undefined) {
        throw new AdminError(
          `${from} shows passwords to super users only, and without that of ${username} it cannot be copied: use the keys of a super user in tools.yml`,
        )
      }
      await putUser(client, to, user, (await getUser(client, to, username)) !== undefined)
      print(`copy user of ${username} from ${from} to ${to} success.\n`)
    }
  },
}
