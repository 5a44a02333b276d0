import { textField } from '../../codec/json/json-fields.ts'
import { getAcl, items, listAcls, putAcl } from '../access.ts'
import { type AdminCommand, required, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'copyAcl',
  summary: 'Copy acl to cluster.',
  options: [
    required('f', 'fromBroker', 'the source broker that the acls copy from'),
    required('t', 'toBroker', 'the target broker that the acls copy to'),
    value('s', 'subjects', 'the subject list of acl to copy.'),
  ],
  async run({ client, options, print }) {
    const [from, to] = [options.required('f'), options.required('t')]
    const subjects = items(options.text('s') ?? '')
    const acls =
      subjects.length === 0
        ? await listAcls(client, from)
        : (await Promise.all(subjects.map((one) => getAcl(client, from, one)))).filter((acl) => acl !== undefined)
    for (const acl of acls) {
      const subject = textField(acl, 'subject') ?? ''
      await putAcl(client, to, acl, (await getAcl(client, to, subject)) !== undefined)
      print(`copy acl of ${subject} from ${from} to ${to} success.\n`)
    }
  },
}
