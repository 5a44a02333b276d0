import { expect, it } from 'vitest'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import {
  addController,
  handLeadOver,
  removeController,
  UnchangeableQuorumError,
  waitControllerBack,
  waitControllersAgree,
} from './controller-members.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

/** Three addresses, of which some are members; the first one leads at first. */
function quorum(members: string[]) {
  const cluster = new FakeCluster()
  cluster.controllers = ['ctl-0:9878', 'ctl-1:9878', 'ctl-2:9878']
  const state = { members, leader: 'n0', refusals: 0, isAgreed: true }
  const addressOf = (id: string) => `ctl-${id.slice(1)}:9878`
  for (const controller of cluster.controllers) {
    cluster.answer(controller, RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
      code: ResponseCode.SUCCESS,
      fields: {
        controllerLeaderAddress: addressOf(state.leader),
        isLeader: String(addressOf(state.leader) === controller),
        peersCommitted: String(state.isAgreed),
        peers: state.members.map((id) => `${id}:${addressOf(id)};`).join(''),
      },
    }))
    cluster.answer(controller, RequestCode.CHANGE_CONTROLLERS, ({ fields }) => {
      const id = String(fields?.['controllerId'])
      cluster.asked.push(`${fields?.['change']} ${id} at ${controller}`)
      if (state.refusals-- > 0) return { code: ResponseCode.SYSTEM_ERROR, remark: 'another change is under way' }
      if (fields?.['change'] === 'add') state.members.push(id)
      if (fields?.['change'] === 'remove') state.members = state.members.filter((member) => member !== id)
      if (fields?.['change'] === 'lead') state.leader = id
      return { code: ResponseCode.SUCCESS }
    })
  }
  return { cluster, state }
}

it('adds and removes a controller once, however often it is asked to, and tries again when refused', async () => {
  const { cluster, state } = quorum(['n0', 'n1'])
  state.refusals = 2
  const third = { id: 'n2', address: 'ctl-2:9878' }
  await addController(cluster.live, third)
  await addController(cluster.live, third)
  expect(cluster.asked).toEqual(Array(3).fill('add n2 at ctl-0:9878'))
  await removeController(cluster.live, third)
  await removeController(cluster.live, third)
  expect(cluster.asked.slice(3)).toEqual(['remove n2 at ctl-0:9878'])
})

it('does not believe a leader whose change is not agreed on yet, nor one that leads no more', async () => {
  const { cluster, state } = quorum(['n0', 'n1'])
  const third = { id: 'n2', address: 'ctl-2:9878' }
  state.isAgreed = false
  await expect(removeController(cluster.live, third)).rejects.toThrow('the controllers are agreeing on who they are')
  state.isAgreed = true
  const { leader } = state
  cluster.answer('ctl-0:9878', RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
    code: ResponseCode.SUCCESS,
    fields: { controllerLeaderAddress: `ctl-${leader.slice(1)}:9878`, isLeader: 'false', peers: 'n0:ctl-0:9878;' },
  }))
  await expect(removeController(cluster.live, third)).rejects.toThrow('controller ctl-0:9878 does not lead any more')
})

it('refuses at once for controllers of the official engine', async () => {
  const { cluster } = quorum(['n0'])
  const startedMs = cluster.clock.monotonic()
  cluster.answer('ctl-0:9878', RequestCode.CHANGE_CONTROLLERS, () => ({
    code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
  }))
  const adding = addController(cluster.live, { id: 'n1', address: 'ctl-1:9878' })
  await expect(adding).rejects.toThrow(UnchangeableQuorumError)
  await expect(adding).rejects.toThrow(
    "cannot add controller n1: the controllers run Apache's engine, whose membership is fixed",
  )
  expect(cluster.clock.monotonic()).toBe(startedMs)
})

it('gives the lead to another controller, only when the one to be touched has it', async () => {
  const { cluster, state } = quorum(['n0', 'n1', 'n2'])
  await handLeadOver(cluster.live, 'ctl-1:9878')
  expect(state.leader).toBe('n0')
  await handLeadOver(cluster.live, 'ctl-0:9878')
  expect(state.leader).toBe('n1')
  await waitControllersAgree(cluster.live, 1000)
})

it('waits while a controller knows no leader', async () => {
  const { cluster } = quorum(['n0', 'n1', 'n2'])
  cluster.answer('ctl-2:9878', RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({ code: ResponseCode.SUCCESS }))
  await expect(waitControllersAgree(cluster.live, 1000)).rejects.toThrow('one of them knows no leader')
})

it('waits for a controller that has come back, as long as a majority runs', async () => {
  const { cluster } = quorum(['n0', 'n1', 'n2'])
  cluster.down.add('ctl-1:9878')
  await waitControllerBack(cluster.live, 'ctl-2:9878', 1000)
  cluster.answer('ctl-2:9878', RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
    code: ResponseCode.SUCCESS,
    fields: { peers: 'n0:ctl-0:9878;n1:ctl-1:9878;n2:ctl-2:9878;' },
  }))
  await expect(waitControllerBack(cluster.live, 'ctl-2:9878', 1000)).rejects.toThrow(
    'controller ctl-2:9878 agrees with the others who leads, in vain: one of them knows no leader',
  )
  cluster.down.add('ctl-0:9878')
  await waitControllerBack(cluster.live, 'ctl-2:9878', 1000)
})

it('asks members only whether they agree: one that was removed and runs still knows no leader', async () => {
  const { cluster } = quorum(['n0', 'n1', 'n2'])
  const fields = { controllerLeaderAddress: 'ctl-0:9878', peers: 'n0:ctl-0:9878;n1:ctl-1:9878;' }
  for (const member of ['ctl-0:9878', 'ctl-1:9878']) {
    const isLeader = String(member === 'ctl-0:9878')
    cluster.answer(member, RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
      code: ResponseCode.SUCCESS,
      fields: { ...fields, isLeader },
    }))
  }
  cluster.answer('ctl-2:9878', RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({ code: ResponseCode.SUCCESS }))
  await waitControllersAgree(cluster.live, 1000)
})
