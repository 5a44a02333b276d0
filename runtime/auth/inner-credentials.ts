import { asObject, JsonFieldError, textField } from '../codec/json/json-fields.ts'
import type { JsonValue } from '../codec/json/json-value.ts'
import { JsonSyntaxError, parseJson } from '../codec/json/parse-json.ts'
import { HmacKey } from '../io/hmac-sha1.ts'
import { AccessError } from './access-error.ts'
import type { Credentials } from './remoting/signed-content.ts'
import { readUserChange, type UserChange } from './user.ts'

const KEY = 'innerClientAuthenticationCredentials'

/** In whose name this server asks brokers; undefined when none are configured. @throws AccessError */
export function innerCredentials(text: string | undefined): Credentials | undefined {
  const user = innerUser(text)
  return user && { accessKey: user.username, key: new HmacKey(user.password ?? '') }
}

/** The same as a user, whom the brokers have to know. @throws AccessError */
export function innerUser(text: string | undefined): UserChange | undefined {
  return readSecretJson(KEY, text, '{"accessKey":"...","secretKey":"..."}', (content) => {
    const object = asObject(content, 'the value')
    const [username, password] = [textField(object, 'accessKey'), textField(object, 'secretKey')]
    if (!username?.trim() || !password?.trim()) throw new AccessError('accessKey or secretKey is missing')
    return { ...readUserChange({ username, password } as never), type: 'Super' }
  })
}

/** A value of a conf file that is JSON and holds a password: what is wrong with it is said without repeating it. @throws AccessError */
export function readSecretJson<T>(
  key: string,
  text: string | undefined,
  form: string,
  read: (content: JsonValue) => T,
): T | undefined {
  if (text === undefined || text.trim() === '') return undefined
  try {
    return read(parseJson(text))
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new AccessError(`${key} is no JSON; write ${form}`)
    if (error instanceof JsonFieldError) throw new AccessError(`${key}: a field has the wrong type; write ${form}`)
    if (error instanceof AccessError) throw new AccessError(`${key}: ${error.message}; write ${form}`)
    throw error
  }
}
