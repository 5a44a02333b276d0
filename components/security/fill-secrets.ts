import { secretWords } from '../plan/security/security-keys.ts'
import type { ClusterCredentials } from './credentials.ts'

/** Whether secrets have to be put into the text of a conf file. */
export const lacksSecrets = (text: string): boolean => Object.values(secretWords).some((word) => text.includes(word))

/** What is to stand in the places of the words that occur in a text, by word. */
export function secretsIn(text: string, { admin, servers }: ClusterCredentials): Record<string, string> {
  const user = JSON.stringify({ username: admin.accessKey, password: admin.secretKey })
  const all = [
    [secretWords.admin, user],
    [secretWords.servers, JSON.stringify(servers)],
  ] as const
  return Object.fromEntries(all.filter(([word]) => text.includes(word)))
}

/** The text of a conf file, properties or JSON, with the secrets in the places of the words that stand for them. */
export const fillSecrets = (text: string, credentials: ClusterCredentials): string =>
  Object.entries(secretsIn(text, credentials)).reduce((done, [word, secret]) => withSecret(done, word, secret), text)

/** In JSON a word is a string, and so is the secret. In properties a JSON text may stand as it is: nothing in it has to be escaped. */
const withSecret = (text: string, word: string, secret: string): string =>
  text.replaceAll(JSON.stringify(word), () => JSON.stringify(secret)).replaceAll(word, () => secret)
