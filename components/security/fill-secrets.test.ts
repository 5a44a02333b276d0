import { expect, it } from 'vitest'
import { secretWord } from '../plan/security/security-keys.ts'
import { newCredentials } from './credentials.ts'
import { fillSecrets, lacksSecrets } from './fill-secrets.ts'

const credentials = newCredentials()
const { admin, servers } = credentials

it('puts secrets into properties as they are', () => {
  const text = `a=${secretWord('servers', 1)}\nb=${secretWord('admin', 1)}\n`
  const user = { username: admin.accessKey, password: admin.secretKey }
  expect(lacksSecrets(text)).toBe(true)
  expect(fillSecrets(text, () => credentials)).toBe(`a=${JSON.stringify(servers)}\nb=${JSON.stringify(user)}\n`)
})

it('puts in those of the generation that a word names', () => {
  const next = newCredentials('-2')
  const text = `a=${secretWord('servers', 1)}\nb=${secretWord('servers', 2)}\nc=[secret: nobody]\n`
  const filled = fillSecrets(text, (generation) => (generation === 2 ? next : credentials))
  expect(filled).toBe(`a=${JSON.stringify(servers)}\nb=${JSON.stringify(next.servers)}\nc=[secret: nobody]\n`)
})

it('puts them into JSON as strings', () => {
  const text = JSON.stringify({ a: secretWord('servers', 1), b: 'kept' }, null, 2)
  expect(lacksSecrets(text)).toBe(true)
  const filled = fillSecrets(text, () => credentials)
  expect(lacksSecrets(filled)).toBe(false)
  expect(JSON.parse(filled)).toEqual({ a: JSON.stringify(servers), b: 'kept' })
})
