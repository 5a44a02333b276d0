/*
 * Keys of conf files that `security` sets, where it does. A secret itself is in no plan: a word stands for it, and its value is put
 * in when the file is written for the node (components/security/fill-secrets.ts).
 */

/** What stands in a conf file of a plan for a secret. */
export const secretWords = { admin: '[secret: admin]', servers: '[secret: servers]' } as const

/** Keys that security.accessControl sets, by conf file. */
export const accessControlKeys = [
  'authenticationEnabled',
  'authorizationEnabled',
  'initAuthenticationUser',
  'innerClientAuthenticationCredentials',
] as const

/** Keys of rmq-proxy.json that security.tls sets. */
export const proxyTlsKeys = ['tlsTestModeEnable', 'tlsKeyPath', 'tlsCertPath', 'tlsKeyPassword'] as const
