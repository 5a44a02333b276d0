import { expect, test } from 'vitest'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { LoneController } from './testing/lone-controller.ts'

const GROUP = { clusterName: 'c', brokerName: 'g' }
const ADDRESS = '127.0.0.1:10001'

async function started(): Promise<LoneController> {
  const lone = new LoneController()
  await lone.start()
  return lone
}

async function withBroker(lone: LoneController): Promise<void> {
  const applied = { ...GROUP, appliedBrokerId: 1, registerCheckCode: `${ADDRESS};1` }
  await lone.ask('one', { code: RequestCode.CONTROLLER_APPLY_BROKER_ID, fields: applied })
}

test.each<[string, number, Record<string, string | number>, string | undefined, number, string]>([
  [
    'a body that is no JSON',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 1 },
    '{"syncStateSet":[1',
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'cannot read the body: expected "," or "]" but found the end of the text at line 1, column 19',
  ],
  [
    'ids that are none',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 1 },
    '{"syncStateSet":["x"],"syncStateSetEpoch":1}',
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'cannot read the body: syncStateSet is "x", expected a whole number',
  ],
  [
    'an epoch that is no int',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 2 ** 32 + 1 },
    '{"syncStateSet":[1],"syncStateSetEpoch":1}',
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <masterEpoch> is 4294967297, which is no int',
  ],
  [
    'an epoch of the set that is no int',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 1 },
    '{"syncStateSet":[1],"syncStateSetEpoch":4294967297}',
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'syncStateSetEpoch is 4294967297, which is no int',
  ],
  [
    'a set with an id that no broker has',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 1 },
    '{"syncStateSet":[1,-2],"syncStateSetEpoch":1}',
    ResponseCode.CONTROLLER_INVALID_REPLICAS,
    "Rejecting alter syncStateSet request because the replicas {-2} don't exist",
  ],
  [
    'an id that no broker has',
    RequestCode.CONTROLLER_APPLY_BROKER_ID,
    { ...GROUP, appliedBrokerId: -3, registerCheckCode: 'h:1;1' },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <appliedBrokerId> is -3, which no broker has as its id',
  ],
  [
    'a set larger than any group',
    RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET,
    { brokerName: 'g', masterBrokerId: 1, masterEpoch: 1 },
    JSON.stringify({ syncStateSet: Array.from({ length: 101 }, (_, i) => i), syncStateSetEpoch: 1 }),
    ResponseCode.CONTROLLER_INVALID_REPLICAS,
    '101 replicas are named, a group has at most 100',
  ],
  [
    'more ids to clean than any group has',
    RequestCode.CLEAN_BROKER_DATA,
    { ...GROUP, brokerControllerIdsToClean: Array.from({ length: 101 }, (_, i) => i).join(';') },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REPLICAS,
    '101 replicas are named, a group has at most 100',
  ],
  [
    'a broker without a name',
    RequestCode.CONTROLLER_APPLY_BROKER_ID,
    { clusterName: 'c', brokerName: '', appliedBrokerId: 1, registerCheckCode: 'h:1;1' },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <brokerName> has 0 characters: 1 to 1024 are taken',
  ],
  [
    'a check code as long as a book',
    RequestCode.CONTROLLER_APPLY_BROKER_ID,
    { ...GROUP, appliedBrokerId: 1, registerCheckCode: 'x'.repeat(1025) },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <registerCheckCode> has 1025 characters: 1 to 1024 are taken',
  ],
  [
    'a registration without an address',
    RequestCode.CONTROLLER_REGISTER_BROKER,
    { ...GROUP, brokerId: 1 },
    undefined,
    ResponseCode.SYSTEM_ERROR,
    'the custom field <brokerAddress> is null',
  ],
  [
    'names that are no list',
    RequestCode.CONTROLLER_GET_SYNC_STATE_DATA,
    {},
    '{"a":1}',
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'cannot read the body: the broker names are no list',
  ],
  [
    'an unknown change of the controllers',
    RequestCode.CHANGE_CONTROLLERS,
    { change: 'replace', controllerId: 'n1' },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <change> is replace: add, remove or lead is expected',
  ],
  [
    'a controller without an address',
    RequestCode.CHANGE_CONTROLLERS,
    { change: 'add', controllerId: 'n1', controllerAddress: 'h' },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'the custom field <controllerAddress> is h: host:port with a port from 1 to 65535 is expected',
  ],
  [
    'a change that the group refuses',
    RequestCode.CHANGE_CONTROLLERS,
    { change: 'remove', controllerId: 'n1' },
    undefined,
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    'this group stays alone',
  ],
])('%s is refused with the reason', async (_, code, fields, body, answer, remark) => {
  const lone = await started()
  await withBroker(lone)
  const before = lone.controller.state.snapshot()
  const seen = await lone.ask('one', { code, fields, body: body === undefined ? undefined : Buffer.from(body) })
  expect([seen.code, seen.remark]).toEqual([answer, remark])
  expect(lone.controller.state.snapshot()).toEqual(before)
})

test('a heartbeat with a number that is none is refused and changes nothing', async () => {
  const lone = await started()
  await withBroker(lone)
  const beat = { ...GROUP, brokerAddr: ADDRESS, brokerId: 1, epoch: 1, maxOffset: 5 }
  expect((await lone.ask('one', { code: RequestCode.BROKER_HEARTBEAT, fields: beat })).code).toBe(0)
  const bad = await lone.ask('one', { code: RequestCode.BROKER_HEARTBEAT, fields: { ...beat, epoch: 2 ** 40 } })
  expect([bad.code, bad.remark]).toEqual([
    ResponseCode.CONTROLLER_INVALID_REQUEST,
    `the custom field <epoch> is ${2 ** 40}, which is no int`,
  ])
})

test('a changed configuration counts at once where it can, and is saved', async () => {
  const lone = await started()
  const change = async (text: string) => {
    const { code, remark } = await lone.ask('tool', {
      code: RequestCode.UPDATE_CONTROLLER_CONFIG,
      body: Buffer.from(text),
    })
    return [code, remark]
  }
  expect(await change('enableElectUncleanMaster=true\n')).toEqual([0, undefined])
  expect(await change('scanInactiveMasterInterval=700\n')).toEqual([
    0,
    'saved, but needs a restart: scanInactiveMasterInterval',
  ])
  expect(await change('enableElectUncleanMastr=true')).toEqual([
    ResponseCode.SYSTEM_ERROR,
    'unknown key enableElectUncleanMastr (value "true"): did you mean enableElectUncleanMaster?',
  ])
  expect(await change('controllerDLegerSelfId=n7')).toEqual([0, 'saved, but needs a restart: controllerDLegerSelfId'])
  expect(lone.disk.readFile('/etc/controller.conf').toString()).toBe(
    'enableElectUncleanMaster=true\nscanInactiveMasterInterval=700\ncontrollerDLegerSelfId=n7\n',
  )
  const shown = (await lone.ask('tool', { code: RequestCode.GET_CONTROLLER_CONFIG })).body!.toString()
  expect(shown).toMatch(/^enableElectUncleanMaster=true$[\s\S]*^scanInactiveMasterInterval=700$/m)
})

test('an answer that was asked for before leadership was lost says that this controller does not lead', async () => {
  const lone = await started()
  lone.isHeld = true
  const waiting = [
    lone.ask('one', { code: RequestCode.CONTROLLER_GET_REPLICA_INFO, fields: { brokerName: 'g' } }),
    lone.ask('two', { code: RequestCode.CONTROLLER_ELECT_MASTER, fields: { ...GROUP, brokerId: 1 } }),
  ]
  await lone.settle()
  lone.consensus.lead(undefined)
  for (const answer of await Promise.all(waiting)) {
    expect([answer.code, answer.fields]).toEqual([ResponseCode.CONTROLLER_NOT_LEADER, {}])
  }
})
