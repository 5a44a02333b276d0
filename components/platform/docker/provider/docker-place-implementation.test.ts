import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, PlanNode } from '../../../plan/plan-node.ts'
import { brokerNode } from '../../../rollout/testing/broker-node.ts'
import { containerUsers } from '../container-args.ts'
import { nodeLabel, specLabel } from '../leftover-containers.ts'
import { FakeEngine } from '../testing/fake-engine.ts'
import { type DockerPlaceInputs, dockerPlaceImplementation, specOf } from './docker-place-implementation.ts'

/** What a program asks for. */
function asked(text: string, shape = 'image-1'): DockerPlaceInputs {
  return {
    engine: {},
    container: 'broker-a-0',
    stopTimeoutSeconds: 60,
    node: { ...brokerNode(0), confFile: { path: '/var/lib/gantry/broker.conf', text } },
    nameServers: [],
    shape,
    startedConf: text,
    spec: specOf(shape, text),
    readyTimeoutMs: 1000,
  }
}

const settle = (news: DockerPlaceInputs, olds?: DockerPlaceInputs): DockerPlaceInputs =>
  dockerPlaceImplementation.settle?.(news, olds) ?? expect.fail('settles nothing')

const first = 'brokerName=a\nfileReservedTime=72\n'
const live = 'brokerName=a\nfileReservedTime=24\n'
const restart = 'brokerName=a\nfileReservedTime=24\nhaListenPort=10921\n'

it('keeps the container when its node takes the new settings while it runs', () => {
  const made = settle(asked(first))
  const changed = settle(asked(live), made)
  expect(changed).toMatchObject({ startedConf: first, spec: made.spec, node: { confFile: { text: live } } })
  expect(settle(asked(live), changed), 'the same once more').toEqual(changed)
  expect(settle(asked(`# another comment\n${live}`), changed).spec).toBe(made.spec)
  expect(settle(asked(first), changed)).toEqual(made)
})

it('makes another one with all settings when a setting needs it, or something else does', () => {
  const changed = settle(asked(live), settle(asked(first)))
  expect(settle(asked(restart), changed)).toEqual(asked(restart))
  expect(settle(asked(live, 'image-2'), changed)).toEqual(asked(live, 'image-2'))
  expect(settle({ ...asked(live), container: 'other' }, changed).startedConf).toBe(live)
})

it('makes another one of a state that does not say what its container was made with', () => {
  const { startedConf: _, ...earlier } = asked(first)
  expect(settle(asked(live), earlier as DockerPlaceInputs)).toEqual(asked(live))
})

const problems = (news: DockerPlaceInputs, olds: DockerPlaceInputs) =>
  dockerPlaceImplementation.problems?.(news, olds).map(({ reason }) => reason)

it('refuses to leave a fixed master’s volume behind, and lets elected replicas and slaves go', () => {
  const elected = asked(first)
  const master: DockerPlaceInputs = { ...elected, node: { ...brokerNode(0), role: 'ASYNC_MASTER', brokerId: 0 } }
  const slave: DockerPlaceInputs = { ...elected, node: { ...brokerNode(0), role: 'SLAVE', brokerId: 1 } }
  const elsewhere = (inputs: DockerPlaceInputs): DockerPlaceInputs => ({
    ...inputs,
    engine: { host: 'ssh://two' },
    node: { ...inputs.node, host: 'two' },
  })
  expect(problems(elsewhere(master), master)?.[0]).toMatch(
    /^broker-a-0 is a master for good and cannot move from host local to two: its volume stays/,
  )
  expect(problems(elsewhere(slave), slave)).toEqual([])
  expect(problems(elsewhere(elected), elected)).toEqual([])
  expect(problems({ ...master, node: { ...master.node, host: 'renamed' } }, master)).toEqual([])
})

it('lets brokers have another engine, and no controllers', () => {
  const onApache = (made: DockerPlaceInputs): DockerPlaceInputs => ({
    ...made,
    node: { ...made.node, engine: 'apache' },
  })
  expect(problems(onApache(asked(first)), asked(first))).toEqual([])
  const controller = asked('controllerDLegerSelfId=n0\ncontrollerDLegerPeers=n0-10.0.0.1:9878\n')
  expect(problems(onApache(controller), controller)?.[0]).toMatch(
    /^broker-a-0 is a controller, and those of one quorum are of one engine, so that it cannot go from gantry to apache\./,
  )
})

describe('another engine', () => {
  let engine: FakeEngine
  beforeEach(async () => {
    engine = await FakeEngine.start()
    engine.owners.set('broker-a-0-data', containerUsers.gantry)
  })
  afterEach(() => engine.stop())

  /** A node that nobody has to be told of, so that it makes way at once. */
  const made = (of: Engine): DockerPlaceInputs => {
    const { node, ...inputs } = asked(first, of)
    const volume = { name: 'broker-a-0-data', owner: containerUsers[of], image: of, engine: of }
    return {
      ...inputs,
      engine: { host: engine.host },
      node: { ...node, kind: 'nameServer', engine: of } as PlanNode,
      volume,
    }
  }
  const runs = (of: Engine) =>
    engine.add({
      name: 'broker-a-0',
      volume: 'broker-a-0-data',
      user: containerUsers[of],
      labels: { [specLabel]: made(of).spec, [nodeLabel]: 'broker-a-0' },
      isMarked: true,
    })
  const update = (from: Engine, to: Engine) => dockerPlaceImplementation.update?.(made(from), made(to))

  it('gets the volume when the container of the one before has ended', async () => {
    runs('gantry')
    await update('gantry', 'apache')
    expect(engine.done).toEqual([
      'stop broker-a-0',
      'create broker-a-0-data-owner',
      'start broker-a-0-data-owner',
      'remove broker-a-0-data-owner',
    ])
    expect(engine.owners.get('broker-a-0-data')).toBe(containerUsers.apache)
  })

  it('gets the rest of a volume that was half changed, there and back', async () => {
    for (const [from, to] of [
      ['gantry', 'apache'],
      ['apache', 'gantry'],
    ] as const) {
      runs(from)
      engine.outcome = 'fails'
      await expect(update(from, to)).rejects.toThrow('the files of volume broker-a-0-data were not given to user')
      engine.outcome = 'done'
      await update(from, to)
      expect(engine.owners.get('broker-a-0-data')).toBe(containerUsers[to])
      engine.containers.clear()
    }
  })

  it('is none when the container stays, or is replaced by one of the same engine', async () => {
    runs('gantry')
    await update('gantry', 'gantry')
    await dockerPlaceImplementation.update?.(made('gantry'), { ...made('gantry'), spec: 'another' })
    expect(engine.done).toEqual([])
  })

  it('leaves alone a container that a program has given a user of its own', async () => {
    engine.add({ ...runs('gantry'), user: 'mq' })
    await update('gantry', 'gantry')
    expect(engine.done).toEqual([])
  })
})
