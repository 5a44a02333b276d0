import { expect, it } from 'vitest'
import { secretWords } from '../plan/security/security-keys.ts'
import { newCredentials } from './credentials.ts'
import { fillSecrets, lacksSecrets } from './fill-secrets.ts'

const credentials = newCredentials()
const { admin, servers } = credentials

it('puts secrets into properties as they are', () => {
  const text = `a=${secretWords.servers}\nb=${secretWords.admin}\n`
  const user = { username: admin.accessKey, password: admin.secretKey }
  expect(lacksSecrets(text)).toBe(true)
  expect(fillSecrets(text, credentials)).toBe(`a=${JSON.stringify(servers)}\nb=${JSON.stringify(user)}\n`)
})

it('puts them into JSON as strings', () => {
  const text = JSON.stringify({ a: secretWords.servers, b: 'kept' }, null, 2)
  expect(lacksSecrets(text)).toBe(true)
  const filled = fillSecrets(text, credentials)
  expect(lacksSecrets(filled)).toBe(false)
  expect(JSON.parse(filled)).toEqual({ a: JSON.stringify(servers), b: 'kept' })
})
