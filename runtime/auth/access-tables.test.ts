import { expect, test } from 'vitest'
import { AccessTables } from './access-tables.ts'
import { readAcl } from './policy.ts'
import { parseResource } from './resource.ts'

const acl = (username: string, ...resources: string[]) =>
  readAcl({
    subject: `User:${username}`,
    policies: [{ entries: resources.map((resource) => ({ resource, actions: ['Pub'], decision: 'Allow' })) }],
  } as never)

function tablesOf(...names: string[]): AccessTables {
  const tables = new AccessTables()
  for (const username of names) tables.createUser({ username, password: `${username}-secret` })
  return tables
}

test('policies come and go with their users, and each change has a number of its own', () => {
  const tables = tablesOf('alice', 'bob')
  const told: string[] = []
  tables.onChanged((what) => told.push(what))
  expect(() => tables.putAcl(acl('carol', 'Topic:a'))).toThrow('the user carol does not exist')
  expect(() => tables.deleteAcl('alice', 'Custom', undefined)).toThrow('the user alice has no policies')
  expect(told).toEqual([])
  const before = tables.revision
  tables.putAcl(acl('alice', 'Topic:a', 'Topic:b'))
  tables.putAcl(acl('alice', 'Topic:b', 'Group:c'))
  expect(tables.find('alice')!.acl!.Custom.map(({ resource }) => resource.name)).toEqual(['a', 'b', 'c'])
  expect(tables.acls('ali', 'Group')[0]!.Custom.map(({ resource }) => resource.name)).toEqual(['c'])
  expect(tables.acls('bob')).toEqual([])
  tables.deleteAcl('alice', 'Custom', parseResource('Topic:a'))
  tables.deleteAcl('alice', 'Default', parseResource('Topic:b'))
  expect(tables.find('alice')!.acl!.Custom.length).toBe(2)
  expect(tables.deleteUser('alice')).toBe(true)
  expect(tables.deleteUser('alice')).toBe(false)
  expect(tables.acls()).toEqual([])
  expect(told).toEqual(['acls', 'acls', 'acls', 'acls', 'users', 'acls'])
  expect(tables.revision).toBeGreaterThan(before)
})

test('taking over the users of another table keeps the policies of those that stay, and the keys of unchanged passwords', () => {
  const tables = tablesOf('alice', 'bob')
  for (const name of ['alice', 'bob']) tables.putAcl(acl(name, 'Topic:a'))
  const { key } = tables.find('alice')!
  const [alice] = tables.users()
  tables.replaceUsers([alice!, { username: 'carol', password: 'x', type: 'Normal', status: 'enable' }])
  expect(tables.users().map(({ username }) => username)).toEqual(['alice', 'carol'])
  expect(tables.acls().map(({ username }) => username)).toEqual(['alice'])
  tables.replaceAcls([acl('carol', 'Topic:c'), acl('bob', 'Topic:b')])
  expect(tables.acls().map(({ username }) => username)).toEqual(['carol'])
  tables.updateUser({ username: 'alice', status: 'disable' })
  expect(tables.find('alice')!.user).toMatchObject({ password: 'alice-secret', status: 'disable' })
  expect(tables.find('alice')!.key.inner).toEqual(key.inner)
})
