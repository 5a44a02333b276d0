/** Something the user can put right. Its message is shown without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** Errors of other layers that are meant for the user as they stand, by their stable code. */
const userCodes: ReadonlySet<unknown> = new Set([
  'CONFIG_INVALID',
  'STACK_FILE_INVALID',
  'DATA_DIR_IN_USE',
  'ROLLOUT_UNDER_WAY',
  'PORTS_TAKEN',
  'ARTIFACT_INVALID',
  'TLS_SETTINGS_INVALID',
])

/** What the operating system refuses for reasons outside this program; its message names the file. */
const diskCodes: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EEXIST', 'EISDIR'])

export function isUserError(error: unknown): error is Error {
  if (error instanceof UserError) return true
  const { code } = error as { code?: unknown }
  return error instanceof Error && (userCodes.has(code) || diskCodes.has(code))
}
