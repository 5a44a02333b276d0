/** A user or a policy that cannot be as asked for; the message says what to do. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
}
