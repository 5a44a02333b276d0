import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPlainAcls } from '../auth/plain-acl.ts'
import { aclToJson } from '../auth/policy.ts'
import { readPlainAclFiles } from './read-plain-acl.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gantry-acl-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text)
}

/** As it comes with Apache RocketMQ 5.2. */
const PLAIN_ACL = `
globalWhiteRemoteAddresses:
  - 10.10.103.*

accounts:
  - accessKey: RocketMQ
    secretKey: 012345678
    whiteRemoteAddress:
    admin: false
    defaultTopicPerm: DENY
    defaultGroupPerm: SUB
    topicPerms:
      - topicA=DENY
      - topicB=PUB|SUB
      - topicC=SUBB
    groupPerms:
      - groupA=DENY
      - "%RETRY%groupB = PUB|SUB"

  - accessKey: rocketmq2
    secretKey: "12345678"
    whiteRemoteAddress: 192.168.1.*
    # if it is admin, it could access all resources
    admin: true
`

test('accounts of ACL 1.0 become users and policies', () => {
  write('conf/plain_acl.yml', PLAIN_ACL)
  write(
    'conf/acl/deep/more.yaml',
    'accounts:\n  - {accessKey: rocketmq2, secretKey: first}\n  - {accessKey: incomplete}\n',
  )
  write('conf/acl/notes.txt', 'not read')
  write('conf/acl/empty.yml', '')
  const told: string[] = []
  const accounts = readPlainAcls(readPlainAclFiles(home), (problem) => told.push(problem.replace(home, '')))
  expect(accounts.map(({ user }) => user)).toEqual([
    { username: 'rocketmq2', password: 'first', type: 'Normal', status: undefined },
    { username: 'RocketMQ', password: '012345678', type: 'Normal', status: undefined },
  ])
  const entry = (resource: string, actions: string[], decision: string) => ({ resource, actions, decision })
  expect(aclToJson(accounts[1]!.acl!)).toEqual({
    subject: 'User:RocketMQ',
    policies: [
      {
        policyType: 'Custom',
        entries: [
          entry('Topic:topicA', ['All'], 'Deny'),
          entry('Topic:topicB', ['Pub', 'Sub'], 'Allow'),
          entry('Topic:topicC', ['All'], 'Deny'),
          entry('Group:groupA', ['All'], 'Deny'),
          entry('Group:groupB', ['Pub', 'Sub'], 'Allow'),
        ],
      },
      { policyType: 'Default', entries: [entry('Topic:*', ['All'], 'Deny'), entry('Group:*', ['Sub'], 'Allow')] },
    ],
  })
  expect(told).toEqual([
    '/conf/acl/deep/more.yaml: account 2 is not taken over: incomplete has no secretKey',
    '/conf/plain_acl.yml: globalWhiteRemoteAddresses has no counterpart in ACL 2.0 and is not taken over: these clients need users',
    '/conf/plain_acl.yml: RocketMQ: permission "SUBB" does not exist, taken as DENY',
    '/conf/plain_acl.yml: whiteRemoteAddress of rocketmq2 is not taken over: give its policies source ips',
  ])
})

test('an administrator of ACL 1.0 is a super user', () => {
  write('conf/plain_acl.yml', PLAIN_ACL)
  const accounts = readPlainAcls(readPlainAclFiles(home), () => undefined)
  expect(accounts[1]!.user).toMatchObject({ username: 'rocketmq2', password: '12345678', type: 'Super' })
  expect(accounts[1]!.acl).toBeUndefined()
})

test('what is no YAML stops the broker, and the message repeats nothing of it', () => {
  write('conf/plain_acl.yml', 'accounts:\n  - accessKey: "secret\n')
  expect(() => readPlainAclFiles(home)).toThrow(/plain_acl.yml is no YAML at line \d+/)
  expect(() => readPlainAclFiles(home)).not.toThrow(/secret/)
})

test('no files, no accounts', () => {
  expect(readPlainAclFiles(home)).toEqual([])
})
