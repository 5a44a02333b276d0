/** Something the user can put right. Its message is shown without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** Errors of other layers that are meant for the user as they stand, by their stable code. */
const userCodes: ReadonlySet<unknown> = new Set([
  'CONFIG_INVALID',
  'STACK_FILE_INVALID',
  'DATA_DIR_IN_USE',
  'PORTS_TAKEN',
])

export function isUserError(error: unknown): error is Error {
  if (error instanceof UserError) return true
  return error instanceof Error && userCodes.has((error as { code?: unknown }).code)
}
