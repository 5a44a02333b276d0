import { asObject, textField } from '../codec/json/json-fields.ts'
import type { JsonValue } from '../codec/json/json-value.ts'
import { AccessError } from './access-error.ts'

type UserType = 'Super' | 'Normal'
type UserStatus = 'enable' | 'disable'

export interface User {
  readonly username: string
  readonly password: string
  readonly type: UserType
  readonly status: UserStatus
}

/** What is said of a user to be created or changed; what is left out gets its default, or stays. */
export interface UserChange {
  readonly username: string
  readonly password?: string | undefined
  readonly type?: UserType | undefined
  readonly status?: UserStatus | undefined
}

const NAME_LENGTH_MAX = 255
const PASSWORD_LENGTH_MAX = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/** The JSON of the admin protocol (UserInfo) and of users.json. @throws AccessError, JsonFieldError */
export function readUserChange(content: JsonValue, username?: string): UserChange {
  const object = asObject(content, 'user')
  return {
    username: checkedName(username ?? textField(object, 'username') ?? ''),
    password: checkedPassword(textField(object, 'password')),
    type: oneOf('user type', textField(object, 'userType'), ['Super', 'Normal']),
    status: oneOf('user status', textField(object, 'userStatus'), ['enable', 'disable']),
  }
}

/** @throws AccessError when there is no password */
export function newUser({ username, password, type = 'Normal', status = 'enable' }: UserChange): User {
  if (password === undefined) throw new AccessError(`user ${username}: a password is needed`)
  return { username, password, type, status }
}

export function changedUser(known: User, { password, type, status }: UserChange): User {
  return {
    username: known.username,
    password: password ?? known.password,
    type: type ?? known.type,
    status: status ?? known.status,
  }
}

export function userToJson({ username, password, type, status }: User): object {
  return { username, password, userType: type, userStatus: status }
}

/** For those who may see users and not take their places. */
export function userWithoutPassword({ username, type, status }: User): object {
  return { username, userType: type, userStatus: status }
}

function checkedName(name: string): string {
  if (name.trim() === '') throw new AccessError('the username is blank')
  if (name.length > NAME_LENGTH_MAX || CONTROL.test(name)) {
    throw new AccessError(`a username has at most ${NAME_LENGTH_MAX} characters, none of them a control character`)
  }
  return name
}

/** A blank one counts as none. */
function checkedPassword(password: string | undefined): string | undefined {
  if (password === undefined || password.trim() === '') return undefined
  if (password.length > PASSWORD_LENGTH_MAX) {
    throw new AccessError(`a password has at most ${PASSWORD_LENGTH_MAX} characters, this one has ${password.length}`)
  }
  return password
}

function oneOf<V extends string>(what: string, text: string | undefined, values: readonly V[]): V | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const found = values.find((value) => value.toLowerCase() === text.toLowerCase())
  if (found === undefined) throw new AccessError(`${what} "${text}" does not exist; there are ${values.join(' and ')}`)
  return found
}
