/*
 * Keys of conf files that `security` sets, where it does. A secret itself is in no plan: a word stands for it, and its value is put
 * in when the file is written for the node (components/security/fill-secrets.ts).
 */

/** Whose keys they are. */
export type KeyHolder = 'admin' | 'servers'

/** What stands in a conf file of a plan for a secret: `[secret: admin]`, of a later generation `[secret: admin 2]`. */
export const secretWord = (holder: KeyHolder, generation: number): string =>
  generation === 1 ? `[secret: ${holder}]` : `[secret: ${holder} ${generation}]`

const words = /\[secret: (admin|servers)(?: ([1-9]\d*))?\]/g

/** The words that stand in a text, each once. */
export const secretWordsIn = (
  text: string,
): { readonly word: string; readonly holder: KeyHolder; readonly generation: number }[] => {
  const found = new Map([...text.matchAll(words)].map((match) => [match[0], match]))
  return [...found.values()].map(([word, holder, generation]) => ({
    ...{ word, holder: holder as KeyHolder },
    generation: Number(generation ?? 1),
  }))
}

/** Keys that security.accessControl sets, by conf file. */
export const accessControlKeys = [
  'authenticationEnabled',
  'authorizationEnabled',
  'initAuthenticationUser',
  'innerClientAuthenticationCredentials',
] as const

/** Keys of rmq-proxy.json that security.tls sets. */
export const proxyTlsKeys = ['tlsTestModeEnable', 'tlsKeyPath', 'tlsCertPath', 'tlsKeyPassword'] as const
