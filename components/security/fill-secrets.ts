import { secretWordsIn } from '../plan/security/security-keys.ts'
import type { ClusterCredentials } from './credentials.ts'

/** The keys of a generation. @throws Error when there are none */
export type KeysOf = (generation: number) => ClusterCredentials

/** Whether secrets have to be put into the text of a conf file. */
export const lacksSecrets = (text: string): boolean => secretWordsIn(text).length > 0

/** What is to stand in the places of the words that occur in a text, by word. */
export function secretsIn(text: string, keysOf: KeysOf): Record<string, string> {
  const all = secretWordsIn(text).map(({ word, holder, generation }) => {
    const { admin, servers } = keysOf(generation)
    const user = { username: admin.accessKey, password: admin.secretKey }
    return [word, JSON.stringify(holder === 'admin' ? user : servers)] as const
  })
  return Object.fromEntries(all)
}

/** The text of a conf file, properties or JSON, with the secrets in the places of the words that stand for them. */
export const fillSecrets = (text: string, keysOf: KeysOf): string =>
  Object.entries(secretsIn(text, keysOf)).reduce((done, [word, secret]) => withSecret(done, word, secret), text)

/** In JSON a word is a string, and so is the secret. In properties a JSON text may stand as it is: nothing in it has to be escaped. */
const withSecret = (text: string, word: string, secret: string): string =>
  text.replaceAll(JSON.stringify(word), () => JSON.stringify(secret)).replaceAll(word, () => secret)
