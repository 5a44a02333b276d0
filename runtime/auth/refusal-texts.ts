import type { Access, Decision } from './decision.ts'

/* What clients are told that are not served: nothing of which users there are. */

export const NOT_SIGNED =
  'authentication failed: the request is not signed (no AccessKey); give the client an access key and a secret key'
export const NOT_PROVEN = 'authentication failed: there is no such user, it is disabled, or the signature is wrong'

/** For the answer, and for the log. `from`: address of the client; undefined when it is not known. */
export function noPermission(
  subject: string,
  { resource, actions }: Access,
  from: string | undefined,
  decision: Exclude<Decision, 'Allow'>,
): { readonly remark: string; readonly reason: string } {
  const why = decision === 'Deny' ? 'the decision is deny' : 'no matched policies'
  const remark = `${subject} has no permission to access ${resource.type}:${resource.name} from ${from ?? 'elsewhere'}, ${why}.`
  return { remark, reason: `${remark} Any of these actions is needed: ${actions.join(', ')}` }
}
