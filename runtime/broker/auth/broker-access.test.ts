import { expect, test } from 'vitest'
import { PASSED_ON, signedDraft, signer } from '../../auth/remoting/signed-content.ts'
import { voucherFor } from '../../auth/remoting/voucher.ts'
import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { HmacKey } from '../../io/hmac-sha1.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { silentLogger } from '../../observe/logger.ts'
import { MetadataSync } from '../../replication/metadata-sync.ts'
import { pullRequest, sendRequest, WholeBroker } from '../testing/whole-broker.ts'

const CREDENTIALS = 'innerClientAuthenticationCredentials={"accessKey":"inner","secretKey":"inner-secret"}\n'
const CONF = `authenticationEnabled=true
authorizationEnabled=true
initAuthenticationUser={"username":"admin","password":"admin-secret"}
${CREDENTIALS}`

const C = RequestCode
const { SUCCESS, NO_PERMISSION } = ResponseCode
const json = (content: object): Buffer => Buffer.from(JSON.stringify(content))

type Ask = (code: number, request?: Omit<RequestDraft, 'code'>) => ReturnType<WholeBroker['ask']>

const as =
  (whole: WholeBroker, username: string, password: string): Ask =>
  (code, request) =>
    whole.askAs(username, password, code, request)

async function createUser(admin: Ask, username: string, more: object = {}): Promise<void> {
  const body = json({ password: `${username}-secret`, ...more })
  expect(await admin(C.AUTH_CREATE_USER, { fields: { username }, body })).toMatchObject({ code: SUCCESS })
}

async function allow(admin: Ask, username: string, resources: string[], actions: string[], more: object = {}) {
  const entries = resources.map((resource) => ({ resource, actions, decision: 'Allow', ...more }))
  const subject = `User:${username}`
  const answer = await admin(C.AUTH_CREATE_ACL, {
    fields: { subject },
    body: json({ subject, policies: [{ policyType: 'Custom', entries }] }),
  })
  expect([answer.code, answer.remark]).toEqual([SUCCESS, undefined])
}

async function started(settings = ''): Promise<{ whole: WholeBroker; admin: Ask; alice: Ask }> {
  const whole = await WholeBroker.start(CONF + settings)
  const admin = as(whole, 'admin', 'admin-secret')
  await createUser(admin, 'alice')
  return { whole, admin, alice: as(whole, 'alice', 'alice-secret') }
}

test('who does not sign, signs wrongly, is unknown or disabled gets nothing, and the last three hear the same', async () => {
  const { whole, admin } = await started()
  const unsigned = await whole.send('T')
  expect(unsigned.code).toBe(NO_PERMISSION)
  expect(unsigned.remark).toContain('not signed (no AccessKey)')
  // What nobody serves needs no user: health checks ask for it.
  expect(await whole.ask(99_999)).toMatchObject({ code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED })
  await createUser(admin, 'off')
  await admin(C.AUTH_UPDATE_USER, { fields: { username: 'off' }, body: json({ userStatus: 'disable' }) })
  const remarks = new Set<string | undefined>()
  for (const [username, password] of [
    ['alice', 'wrong'],
    ['nobody', 'nobody'],
    ['off', 'off-secret'],
    ['alice', ''],
  ]) {
    const { code, remark } = await whole.askAs(username!, password!, C.SEND_MESSAGE_V2, sendRequest('T', {}))
    expect(code).toBe(NO_PERMISSION)
    remarks.add(remark)
  }
  expect([...remarks]).toEqual([
    'authentication failed: there is no such user, it is disabled, or the signature is wrong',
  ])
})

test('a user may do what its policies say, and nothing else', async () => {
  const { admin, alice } = await started()
  const send = (topic: string) => alice(C.SEND_MESSAGE_V2, sendRequest(topic, {}))
  const refused = await send('orders')
  expect([refused.code, refused.remark]).toEqual([
    NO_PERMISSION,
    'User:alice has no permission to access Topic:orders from 127.0.0.1, no matched policies.',
  ])
  await allow(admin, 'alice', ['Topic:orders', 'Group:cg'], ['Pub', 'Sub'])
  expect(await send('orders')).toMatchObject({ code: SUCCESS })
  expect(await send('orders')).toMatchObject({ code: SUCCESS })
  expect(await send('other')).toMatchObject({ code: NO_PERMISSION })
  expect(await alice(C.PULL_MESSAGE, pullRequest('orders', { tags: '*' }))).toMatchObject({ code: SUCCESS })
  expect(await alice(C.PULL_MESSAGE, pullRequest('orders', { fields: { consumerGroup: 'other' } }))).toMatchObject({
    code: NO_PERMISSION,
    remark: 'User:alice has no permission to access Group:other from 127.0.0.1, no matched policies.',
  })
  await admin(C.AUTH_DELETE_ACL, { fields: { subject: 'User:alice', resource: 'Topic:orders' } })
  expect(await send('orders')).toMatchObject({ code: NO_PERMISSION })
})

test('a retry topic belongs to its group, whatever group a message or a pull names', async () => {
  const { admin, alice } = await started()
  await allow(admin, 'alice', ['Group:mine', 'Topic:*'], ['Pub', 'Sub'])
  const send = (topic: string) => alice(C.SEND_MESSAGE_V2, sendRequest(topic, { fields: { a: 'mine' } }))
  expect(await send('%RETRY%mine')).toMatchObject({ code: SUCCESS })
  expect(await send('%RETRY%yours')).toMatchObject({ code: NO_PERMISSION })
  const pull = pullRequest('%RETRY%yours', { fields: { consumerGroup: 'mine' } })
  expect(await alice(C.PULL_MESSAGE, pull)).toMatchObject({ code: NO_PERMISSION })
})

test('a heartbeat is about each of its groups and topics', async () => {
  const { admin, alice } = await started()
  await allow(admin, 'alice', ['Group:cg', 'Topic:orders'], ['Sub'])
  const beat = (...topics: string[]) => {
    const subscriptionDataSet = ['%RETRY%cg', ...topics].map((topic) => ({ topic, subString: '*' }))
    const consumer = {
      groupName: 'cg',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      subscriptionDataSet,
    }
    return alice(C.HEART_BEAT, {
      body: json({ clientID: 'c', consumerDataSet: [consumer], producerDataSet: [{ groupName: 'pg' }] }),
    })
  }
  expect(await beat('orders')).toMatchObject({ code: SUCCESS })
  expect(await beat('orders', 'secret')).toMatchObject({ code: NO_PERMISSION })
  const broken = await alice(C.HEART_BEAT, { body: Buffer.from('{') })
  expect(broken.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(broken.remark).toContain('body of HEART_BEAT')
})

test('what changes a broker needs a super user', async () => {
  const { admin, alice } = await started()
  await allow(admin, 'alice', ['*'], ['All'])
  expect(await alice(C.GET_BROKER_CONFIG)).toMatchObject({
    code: NO_PERMISSION,
    remark: 'User:alice has no permission for GET_BROKER_CONFIG: it needs a super user',
  })
  expect(await alice(C.GET_BROKER_RUNTIME_INFO)).toMatchObject({ code: SUCCESS })
  const config = await admin(C.GET_BROKER_CONFIG)
  expect(config.body!.toString()).not.toContain('secret')
  expect(config.body!.toString()).toContain('initAuthenticationUser=******')
  const change = await admin(C.UPDATE_BROKER_CONFIG, { body: Buffer.from('authenticationEnabled=false') })
  expect([change.code, change.remark]).toEqual([
    NO_PERMISSION,
    'Can not update config in black list: authenticationEnabled',
  ])
})

test('a message is looked at, and a transaction ended, by who may do so with its topic, whatever topic is named', async () => {
  const { admin, alice } = await started()
  await allow(admin, 'alice', ['Topic:mine'], ['Pub', 'Get'])
  expect(await admin(C.SEND_MESSAGE_V2, sendRequest('yours', {}))).toMatchObject({ code: SUCCESS })
  const view = (fields: object) => alice(C.VIEW_MESSAGE_BY_ID, { fields: { offset: 0, ...fields } })
  expect(await view({})).toMatchObject({ code: NO_PERMISSION })
  expect((await view({ topic: 'mine' })).remark).toContain('no permission to access Topic:yours')
  expect((await view({ offset: 1_000_000, topic: 'mine' })).code).toBe(ResponseCode.SYSTEM_ERROR)
  expect((await view({ offset: 1_000_000 })).code).toBe(NO_PERMISSION)
  await allow(admin, 'alice', ['Topic:yours'], ['Get'])
  expect(await view({})).toMatchObject({ code: SUCCESS })
  const half = { properties: 'TRAN_MSG\x01true\x02PGROUP\x01pg\x02UNIQ_KEY\x01k\x02', fields: { f: 4 } }
  const prepared = await admin(C.SEND_MESSAGE_V2, sendRequest('yours', half))
  const fields = { producerGroup: 'pg', tranStateTableOffset: 0, commitOrRollback: 8, topic: 'mine' }
  const commitLogOffset = Number.parseInt(prepared.fields['msgId']!.slice(16), 16)
  const end = await alice(C.END_TRANSACTION, { fields: { ...fields, commitLogOffset } })
  expect(end.remark).toContain('no permission to access Topic:yours')
  expect(await admin(C.END_TRANSACTION, { fields: { ...fields, commitLogOffset } })).toMatchObject({ code: SUCCESS })
})

test('passwords are shown to super users, and super users are made by them only', async () => {
  const { admin, alice } = await started()
  await allow(admin, 'alice', ['Cluster:*'], ['All'])
  const shown = async (ask: Ask) =>
    JSON.parse((await ask(C.AUTH_LIST_USER, { fields: { filter: 'al' } })).body!.toString())
  const user = { username: 'alice', userType: 'Normal', userStatus: 'enable' }
  expect(await shown(alice)).toEqual([user])
  expect(await shown(admin)).toEqual([{ ...user, password: 'alice-secret' }])
  const body = json({ password: 'x', userType: 'Super' })
  const refused = { code: NO_PERMISSION, remark: 'a super user can be made, changed and deleted by a super user only' }
  expect(await alice(C.AUTH_CREATE_USER, { fields: { username: 'root' }, body })).toMatchObject(refused)
  expect(await alice(C.AUTH_UPDATE_USER, { fields: { username: 'alice' }, body })).toMatchObject(refused)
  expect(
    await alice(C.AUTH_UPDATE_USER, { fields: { username: 'admin' }, body: json({ password: 'x' }) }),
  ).toMatchObject(refused)
  expect(await alice(C.AUTH_DELETE_USER, { fields: { username: 'admin' } })).toMatchObject(refused)
  await createUser(alice, 'bob')
})

test('without authorization every user may do everything but make users', async () => {
  const { alice, whole } = await started('authorizationEnabled=false\n')
  expect(await alice(C.SEND_MESSAGE_V2, sendRequest('T', {}))).toMatchObject({ code: SUCCESS })
  expect(await alice(C.AUTH_LIST_USER)).toMatchObject({ code: NO_PERMISSION })
  expect(await whole.send('T')).toMatchObject({ code: NO_PERMISSION })
})

test('without authentication users and policies cannot be made by anybody', async () => {
  const whole = await WholeBroker.start()
  const answer = await whole.ask(C.AUTH_CREATE_USER, { fields: { username: 'a' }, body: json({ password: 'x' }) })
  expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(answer.remark).toContain('set authenticationEnabled = true')
})

test('codes in the lists are not looked at', async () => {
  const { whole, alice } = await started('authenticationWhitelist=310, 28\nauthorizationWhitelist=310,11\n')
  expect(await whole.send('T')).toMatchObject({ code: SUCCESS })
  expect(await alice(C.PULL_MESSAGE, pullRequest('T', {}))).toMatchObject({ code: SUCCESS })
  expect(await whole.pull('T')).toMatchObject({ code: NO_PERMISSION })
  // Whoever need not sign is nobody, and nobody has policies.
  expect(await whole.ask(C.GET_BROKER_RUNTIME_INFO)).toMatchObject({ code: NO_PERMISSION })
  expect(await whole.askAs('admin', 'wrong', C.GET_BROKER_RUNTIME_INFO)).toMatchObject({ code: NO_PERMISSION })
})

test('users and policies are there after a restart and a power cut, in files that others cannot read', async () => {
  const { whole, admin } = await started()
  await allow(admin, 'alice', ['Topic:orders'], ['Pub'], { sourceIps: ['127.0.0.0/8'] })
  whole.crash('power')
  await whole.settle()
  await whole.startAgain()
  expect(await whole.askAs('alice', 'alice-secret', C.SEND_MESSAGE_V2, sendRequest('orders', {}))).toMatchObject({
    code: SUCCESS,
  })
  const read = (name: string) => JSON.parse(whole.disk.readFile(`/store/config/auth/${name}.json`).toString())
  expect(read('users').users.map(({ username }: { username: string }) => username)).toEqual(['admin', 'alice', 'inner'])
  expect(read('acls')).toEqual({
    acls: [
      {
        subject: 'User:alice',
        policies: [
          {
            policyType: 'Custom',
            entries: [{ resource: 'Topic:orders', actions: ['Pub'], sourceIps: ['127.0.0.0/8'], decision: 'Allow' }],
          },
        ],
      },
    ],
  })
})

test('the last super user stays', async () => {
  const { admin } = await started()
  expect(await admin(C.AUTH_DELETE_USER, { fields: { username: 'inner' } })).toMatchObject({ code: SUCCESS })
  for (const body of [json({ userStatus: 'disable' }), json({ userType: 'Normal' })]) {
    const answer = await admin(C.AUTH_UPDATE_USER, { fields: { username: 'admin' }, body })
    expect(answer.remark).toContain('admin is the last super user that is enabled')
  }
  expect(await admin(C.AUTH_DELETE_USER, { fields: { username: 'admin' } })).toMatchObject({ code: NO_PERMISSION })
})

test('a slave has the users and policies of its master, also after changes on either', async () => {
  const { whole: master, admin } = await started()
  const settings = `${CREDENTIALS}authenticationEnabled=true\nauthorizationEnabled=true\n`
  const slave = await WholeBroker.start(
    `${settings}brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\nslaveReadEnable=true\nhaMasterAddress=127.0.0.1:10912\n`,
    {},
    master,
  )
  const client = new RemotingClient(createNetContext(master.clock, master.network, silentLogger), {
    connectTimeoutMs: 1_000,
    sign: signer({ accessKey: 'inner', key: new HmacKey('inner-secret') }),
  })
  const sync = new MetadataSync(master.clock, client, silentLogger, slave.broker.tables.slaveSources())
  sync.setMaster(master.address)
  const list = async (whole: WholeBroker, code: number) =>
    JSON.parse((await whole.askAs('inner', 'inner-secret', code)).body!.toString())
  const same = async () => {
    const round = sync.round()
    await slave.settle()
    await round
    for (const code of [C.AUTH_LIST_USER, C.AUTH_LIST_ACL])
      expect(await list(slave, code)).toEqual(await list(master, code))
  }
  await same()
  expect((await list(slave, C.AUTH_LIST_USER)).length).toBe(3)
  await allow(admin, 'alice', ['Topic:a'], ['Pub'])
  await same()
  // As mqadmin does: the same to each of them.
  for (const whole of [master, slave]) {
    const ask = as(whole, 'admin', 'admin-secret')
    await createUser(ask, 'bob')
    await allow(ask, 'bob', ['Topic:b'], ['Sub'])
    expect(await ask(C.AUTH_DELETE_ACL, { fields: { subject: 'User:alice' } })).toMatchObject({ code: SUCCESS })
  }
  await same()
  await createUser(as(slave, 'admin', 'admin-secret'), 'bob')
  await createUser(as(slave, 'admin', 'admin-secret'), 'carol')
  await same()
  expect(await admin(C.AUTH_DELETE_ACL, { fields: { subject: 'User:bob' } })).toMatchObject({ code: SUCCESS })
  await same()
  expect(await list(slave, C.AUTH_LIST_ACL)).toEqual([])
})

test('what a replica passes on comes from where a super user says it does, and from nowhere else', async () => {
  const { whole, admin } = await started()
  await allow(admin, 'alice', ['Topic:orders'], ['Pub'], { sourceIps: ['10.0.0.1'] })
  const request = signedDraft(
    { code: C.SEND_MESSAGE_V2, ...sendRequest('orders', {}) },
    { accessKey: 'alice', key: new HmacKey('alice-secret') },
  )
  const signature = String(request.fields!['Signature'])
  const passedOn = (voucher: string) =>
    whole.ask(request.code, { ...request, fields: { ...request.fields, [PASSED_ON]: voucher } })
  const by = (accessKey: string, secret: string) => ({ accessKey, key: new HmacKey(secret) })
  expect(await passedOn(voucherFor('10.0.0.1', signature, by('inner', 'inner-secret')))).toMatchObject({
    code: SUCCESS,
  })
  const refused = [
    voucherFor('10.0.0.2', signature, by('inner', 'inner-secret')),
    voucherFor('10.0.0.1', 'another', by('inner', 'inner-secret')),
    voucherFor('10.0.0.1', signature, by('inner', 'wrong')),
    voucherFor('10.0.0.1', signature, by('alice', 'alice-secret')),
    'true',
  ]
  for (const voucher of refused) expect(await passedOn(voucher)).toMatchObject({ code: NO_PERMISSION })
})

test('once believed, a connection is believed for a while with the stateful strategy, but not another user on it', async () => {
  const { whole, alice, admin } = await started(
    'authenticationStrategy=org.apache.rocketmq.auth.authentication.strategy.StatefulAuthenticationStrategy\n',
  )
  await allow(admin, 'alice', ['Topic:T'], ['Pub'])
  expect(await alice(C.SEND_MESSAGE_V2, sendRequest('T', {}))).toMatchObject({ code: SUCCESS })
  const wrong = () => whole.askAs('alice', 'wrong', C.SEND_MESSAGE_V2, sendRequest('T', {}))
  expect(await wrong()).toMatchObject({ code: SUCCESS })
  expect(await whole.askAs('admin', 'wrong', C.SEND_MESSAGE_V2, sendRequest('T', {}))).toMatchObject({
    code: NO_PERMISSION,
  })
  await whole.advance(61_000)
  expect(await wrong()).toMatchObject({ code: NO_PERMISSION })
  expect(await alice(C.SEND_MESSAGE_V2, sendRequest('T', {}))).toMatchObject({ code: SUCCESS })
  await admin(C.AUTH_UPDATE_USER, { fields: { username: 'alice' }, body: json({ password: 'new' }) })
  expect(await alice(C.SEND_MESSAGE_V2, sendRequest('T', {}))).toMatchObject({ code: NO_PERMISSION })
})
