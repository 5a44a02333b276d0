import { expect, test } from 'vitest'
import { SerializeType } from '../codec/remoting/frame.ts'
import type { RemotingCommand, RequestDraft } from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { Disk } from '../io/disk.ts'
import { InvocationError } from '../net/pending-invocations.ts'
import { type AdminEnv, runAdmin } from './run-admin.ts'

type Answer = Partial<Pick<RemotingCommand, 'code' | 'remark' | 'fields'>> & { readonly body?: string }

interface World {
  readonly answer: (address: string, request: RequestDraft) => Answer
  readonly namesrvAddr?: string
  readonly files?: Readonly<Record<string, string>>
  readonly after?: (delayMs: number, stdout: string) => void
}

async function run(args: readonly string[], world: World) {
  const asked: string[] = []
  const bodies: string[] = []
  let stdout = ''
  let stderr = ''
  const files = world.files ?? {}
  const env: AdminEnv = {
    invoker: {
      async invoke(address, request) {
        asked.push(`${request.code} ${address}`)
        bodies.push(Buffer.from(request.body ?? []).toString())
        return command(world.answer(address, request))
      },
    },
    clock: {
      now: () => 1_800_000_000_000,
      monotonic: () => 0,
      after: (delayMs) => {
        world.after?.(delayMs, stdout)
        return { cancel: () => undefined }
      },
      every: () => ({ cancel: () => undefined }),
      endOfTurn: () => undefined,
    },
    random: { below: () => 1, bytes: (count) => Buffer.alloc(count, 2) },
    disk: {
      stat: (path: string) => (path in files ? { sizeBytes: 1, modifiedMs: 0, isDirectory: false } : undefined),
      readFile: (path: string) => Buffer.from(files[path] ?? ''),
    } as unknown as Disk,
    namesrvAddr: world.namesrvAddr,
    temporaryFolder: '/tmp',
    workingFolder: '/home/me',
    writePrivateFile: () => undefined,
    out: (text) => {
      stdout += text
    },
    err: (text) => {
      stderr += text
    },
  }
  const exitCode = await runAdmin(args, env)
  return { exitCode, stdout, stderr, asked, bodies }
}

function command({ code = 0, remark, fields = {}, body }: Answer): RemotingCommand {
  const serializeType = SerializeType.JSON
  const bytes = body === undefined ? undefined : Buffer.from(body)
  return { code, language: 'JAVA', version: 513, opaque: 1, flag: 1, serializeType, remark, fields, body: bytes }
}

const CLUSTER = `{"brokerAddrTable":{
  "broker-b":{"brokerAddrs":{0:"b:1"},"brokerName":"broker-b","cluster":"C"},
  "broker-a":{"brokerAddrs":{0:"a:1",1:"as:1"},"brokerName":"broker-a","cluster":"C"}},
  "clusterAddrTable":{"C":["broker-b","broker-a"]}}`

test('without arguments, and for help, there is an overview', async () => {
  for (const args of [[], ['help'], ['-h']]) {
    const { stdout, exitCode } = await run(args, { answer: () => ({}) })
    expect(exitCode).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('The most commonly used mqadmin commands are:')
    expect(lines[1]).toBe('   updateTopic                         Update or create topic.')
    expect(lines.at(-2)).toBe("See 'mqadmin help <command>' for more information on a specific command.")
  }
})

test('a name server is never assumed', async () => {
  const seen = await run(['topicList'], { answer: () => ({}) })
  expect(seen).toMatchObject({ exitCode: 1, stdout: '', asked: [] })
  expect(seen.stderr).toBe(
    'mqadmin: no name server given: add -n host:port (several with ";" between them) or set NAMESRV_ADDR, for example NAMESRV_ADDR=127.0.0.1:9876\n',
  )
  const needsNone = await run(['brokerStatus', '-b', 'a:1'], { answer: () => ({ body: '{"table":{"k":"v"}}' }) })
  expect(needsNone).toMatchObject({ exitCode: 0, stdout: 'k                               : v\n' })
})

test('the next name server is asked when one does not answer; -n wins over NAMESRV_ADDR', async () => {
  const answer = (address: string): Answer => {
    if (address === 'down:1') throw new InvocationError('connection', 'cannot connect to down:1: refused')
    return { body: '{"topicList":["b","a"]}' }
  }
  const seen = await run(['topicList', '-n', 'down:1; up:1'], { answer, namesrvAddr: 'other:1' })
  expect(seen).toMatchObject({ exitCode: 0, stdout: 'a\nb\n', asked: ['206 down:1', '206 up:1'] })
  const none = await run(['topicList'], { answer, namesrvAddr: 'down:1' })
  expect(none).toMatchObject({ exitCode: 1, stdout: '' })
  expect(none.stderr).toBe(
    'mqadmin: cannot connect to down:1: refused; check that the server runs and the address is right\n',
  )
})

test('a broker that refuses is reported and the others have their turn', async () => {
  const answer = (address: string, { code }: RequestDraft): Answer => {
    if (code === RequestCode.GET_BROKER_CLUSTER_INFO) return { body: CLUSTER }
    return address === 'a:1' ? { code: 16, remark: 'no\npermission' } : {}
  }
  const args = ['updateBrokerConfig', '-c', 'C', '-a', 'true', '-k', 'k', '-v', 'a b']
  const seen = await run(args, { answer, namesrvAddr: 'n:1' })
  expect(seen.exitCode).toBe(1)
  expect(seen.stdout).toBe('update broker config success, as:1\nupdate broker config success, b:1\n')
  expect(seen.stderr).toBe('mqadmin: a:1 refused UPDATE_BROKER_CONFIG: 16 NO_PERMISSION: no permission\n')
  expect(seen.asked).toEqual(['106 n:1', '25 a:1', '25 as:1', '25 b:1'])
  expect(seen.bodies.at(-1)).toBe('k=a b\n')
})

test('an unknown cluster is answered with those there are', async () => {
  const seen = await run(['deleteTopic', '-t', 'T', '-c', 'X'], {
    answer: () => ({ body: CLUSTER }),
    namesrvAddr: 'n:1',
  })
  expect(seen.stderr).toBe('mqadmin: cluster X is unknown to the name servers n:1; they know: C\n')
  expect(seen).toMatchObject({ exitCode: 1, asked: ['106 n:1'] })
})

test('an answer that is no JSON is an error, not a crash', async () => {
  const seen = await run(['brokerStatus', '-b', 'a:1'], { answer: () => ({ body: '{"table":' }) })
  expect(seen.exitCode).toBe(1)
  expect(seen.stderr).toBe('mqadmin: expected a value but found the end of the text at line 1, column 10\n')
})

test('lists of topics and groups come from files', async () => {
  const files = { '/home/me/topics.json': '[{"topicName":"T"}]', '/g.json': '[{"groupName":"G"}]', '/empty.json': '[]' }
  const topics = await run(['updateTopicList', '-b', 'a:1', '-f', 'topics.json'], { answer: () => ({}), files })
  expect(topics.stdout).toBe('submit batch of topic config to a:1 success, please check the result later.\n')
  expect(topics.asked).toEqual(['18 a:1'])
  expect(topics.bodies).toEqual(['{"topicConfigList":[{"topicName":"T"}]}'])
  const groups = await run(['updateSubGroupList', '-b', 'a:1', '-f', '/g.json'], { answer: () => ({}), files })
  expect(groups.asked).toEqual(['225 a:1'])
  expect(groups.bodies).toEqual(['{"groupConfigList":[{"groupName":"G"}]}'])
  const empty = await run(['updateTopicList', '-b', 'a:1', '-f', '/empty.json'], { answer: () => ({}), files })
  expect(empty).toMatchObject({ exitCode: 1, asked: [] })
  const missing = await run(['updateTopicList', '-b', 'a:1', '-f', 'none'], { answer: () => ({}), files })
  expect(missing.stderr).toBe('mqadmin: there is no file /home/me/none\n')
})

test('clusterRT measures every broker, then waits and goes on', async () => {
  const route = (topic: string) =>
    `{"brokerDatas":[{"brokerAddrs":{"0":"${topic.at(-1)}:1"},"brokerName":"${topic}","cluster":"C"}],
      "queueDatas":[{"brokerName":"${topic}","perm":6,"readQueueNums":1,"writeQueueNums":1,"topicSysFlag":0}]}`
  const answer = (address: string, { code, fields }: RequestDraft): Answer => {
    if (code === RequestCode.GET_BROKER_CLUSTER_INFO) return { body: CLUSTER }
    if (code === RequestCode.GET_ROUTEINFO_BY_TOPIC) return { body: route(String(fields?.['topic'])) }
    return address === 'b:1' ? { code: 2, remark: 'busy' } : {}
  }
  const seen = await new Promise((resolve) => {
    const after = (waitedMs: number, stdout: string) => resolve({ waitedMs, lines: stdout.split('\n') })
    void run(['clusterRT', '-a', '2', '-i', '7'], { answer, namesrvAddr: 'n:1', after })
  })
  expect(seen).toEqual({
    waitedMs: 7000,
    lines: [
      '#Cluster Name             #Broker Name              #RT   #successCount  #failCount',
      'C                         broker-a                  0.00      2                 0               ',
      'C                         broker-b                  0.00      0                 2               ',
      '',
    ],
  })
})

const ALICE = '{"username":"alice","password":"12345678","userType":"Normal","userStatus":"enable"}'
const ACL =
  '{"subject":"User:alice","policies":[{"policyType":"Custom","entries":[{"resource":"Topic:a","actions":["Pub","Sub"],"decision":"Allow"},{"resource":"Group:*","actions":["All"],"sourceIps":["10.0.0.0/8"],"decision":"Deny"}]}]}'

test('users are created, changed and deleted on masters and slaves', async () => {
  const answer = (_address: string, { code }: RequestDraft) => (code === 106 ? { body: CLUSTER } : {})
  const to = ['-n', 'ns:1', '-c', 'C']
  const created = await run(['createUser', ...to, '-u', 'alice', '-p', '12345678'], { answer })
  expect(created.asked).toEqual(['106 ns:1', '3001 a:1', '3001 as:1', '3001 b:1'])
  expect(JSON.parse(created.bodies[1]!)).toEqual({ username: 'alice', password: '12345678' })
  expect(created.stdout).toBe(
    'create user to a:1 success.\ncreate user to as:1 success.\ncreate user to b:1 success.\n',
  )
  const changed = await run(['updateUser', '-b', 'a:1', '-u', 'alice', '-s', 'disable'], { answer })
  expect(JSON.parse(changed.bodies[0]!)).toEqual({ username: 'alice', userStatus: 'disable' })
  const nothing = await run(['updateUser', '-b', 'a:1', '-u', 'alice'], { answer })
  expect(nothing.stderr).toBe(
    'mqadmin: updateUser: give at least one of -p <password> and -s <userStatus> and -t <userType>; see mqadmin help updateUser\n',
  )
  expect((await run(['deleteUser', '-b', 'a:1', '-u', 'alice'], { answer })).stdout).toBe(
    'delete user to a:1 success.\n',
  )
})

test('users are shown without their passwords', async () => {
  const get = await run(['getUser', '-b', 'a:1', '-u', 'alice'], { answer: () => ({ body: ALICE }) })
  expect(get.stdout).toBe(
    [
      '#UserName         #Password               #UserType               #UserStatus           \n',
      'alice             ******                  Normal                  enable                \n',
    ].join(''),
  )
  const list = await run(['listUser', '-b', 'a:1'], { answer: () => ({ body: `[${ALICE}]` }) })
  expect(list.stdout).toBe(get.stdout)
  expect((await run(['listUser', '-b', 'a:1'], { answer: () => ({}) })).stdout).toBe('')
})

test('policies are made from options and shown as the official tool does', async () => {
  const args = ['-s', 'User:alice', '-r', 'Topic:a,Group:b*', '-a', 'Pub, Sub', '-i', '10.0.0.0/8', '-d', 'Allow']
  const { bodies, asked, stdout } = await run(['createAcl', '-b', 'a:1', ...args], { answer: () => ({}) })
  expect([asked, stdout]).toEqual([['3006 a:1'], 'create acl to a:1 success.\n'])
  const entry = { actions: ['Pub', 'Sub'], decision: 'Allow', sourceIps: ['10.0.0.0/8'] }
  expect(JSON.parse(bodies[0]!)).toEqual({
    subject: 'User:alice',
    policies: [
      {
        entries: [
          { resource: 'Topic:a', ...entry },
          { resource: 'Group:b*', ...entry },
        ],
      },
    ],
  })
  const shown = await run(['listAcl', '-b', 'a:1'], { answer: () => ({ body: `[${ACL}]` }) })
  expect(shown.stdout).toBe(
    [
      '#Subject          #PolicyType  #Resource               #Actions              #SourceIp                 #Decision \n',
      'User:alice        Custom      Topic:a                 [Pub, Sub]            null                      Allow     \n',
      'User:alice        Custom      Group:*                 [All]                 [10.0.0.0/8]              Deny      \n',
    ].join(''),
  )
})

test('users and policies are copied from broker to broker; without passwords nothing is', async () => {
  const answer = (address: string, { code }: RequestDraft) => {
    if (code === 3005) return { body: `[${ALICE}]` }
    if (code === 3010) return { body: `[${ACL}]` }
    return address === 'new:1' && code === 3009 ? { body: ACL } : {}
  }
  const users = await run(['copyUser', '-f', 'old:1', '-t', 'new:1'], { answer })
  expect(users.asked).toEqual(['3005 old:1', '3004 new:1', '3001 new:1'])
  expect(JSON.parse(users.bodies[2]!)).toEqual(JSON.parse(ALICE))
  expect(users.stdout).toBe('copy user of alice from old:1 to new:1 success.\n')
  const acls = await run(['copyAcl', '-f', 'old:1', '-t', 'new:1'], { answer })
  expect(acls.asked).toEqual(['3010 old:1', '3009 new:1', '3007 new:1'])
  expect(JSON.parse(acls.bodies[2]!)).toEqual(JSON.parse(ACL))
  const hidden = await run(['copyUser', '-f', 'old:1', '-t', 'new:1'], {
    answer: (_address, { code }) => (code === 3005 ? { body: '[{"username":"alice"}]' } : {}),
  })
  expect([hidden.exitCode, hidden.asked]).toEqual([1, ['3005 old:1']])
  expect(hidden.stderr).toContain('old:1 shows passwords to super users only')
})

test('limits for reads of cold data, and what groups have read', async () => {
  const info =
    '{"runtimeTable":{"g":{"coldAcc":5,"createTimeMills":1700000000000,"lastColdReadTimeMills":1700000001000}},"configTable":{},"globalAcc":5}'
  const answer = (_: string, { code }: RequestDraft): Answer => {
    if (code === RequestCode.GET_BROKER_CLUSTER_INFO) return { body: CLUSTER }
    if (code === RequestCode.GET_COLD_DATA_FLOW_CTR_INFO) return { body: info }
    return code === RequestCode.SET_COMMITLOG_READ_MODE ? { remark: 'done' } : {}
  }
  const world = { answer, namesrvAddr: 'n:1' }
  const set = await run(['updateColdDataFlowCtrGroupConfig', '-c', 'C', '-g', 'g', '-v', '7'], world)
  expect(set.stdout).toBe(
    'updateColdDataFlowCtrGroupConfig success, a:1\nupdateColdDataFlowCtrGroupConfig success, b:1\n',
  )
  expect(set.bodies.at(-1)).toBe('g=7\n')
  const removed = await run(['removeColdDataFlowCtrGroupConfig', '-b', 'a:1', '-g', 'g'], world)
  expect(removed).toMatchObject({ stdout: 'remove broker cold read threshold success, a:1\n', bodies: ['g'] })
  const shown = await run(['getColdDataFlowCtrInfo', '-c', 'C'], world)
  const titles = shown.stdout.split('\n').filter((line) => line.startsWith(' ='))
  expect(titles).toEqual([
    ' ============Master: a:1============',
    ' ============My Master: a:1=====Slave: as:1============',
    ' ============Master: b:1============',
  ])
  expect(shown.stdout).toContain(
    '\n{\n\t"runtimeTable":{\n\t\t"g":{\n\t\t\t"coldAcc":5,\n\t\t\t"lastColdReadTimeFormat":"',
  )
  const mode = await run(['setCommitLogReadAheadMode', '-b', 'a:1', '-m', '1'], world)
  expect(mode.stdout).toBe(' ============a:1============\ncommitLog set readAhead mode rstStrdone\n')
  const wrong = await run(['setCommitLogReadAheadMode', '-b', 'a:1', '-m', '2'], world)
  expect(wrong).toMatchObject({ exitCode: 1, asked: [] })
})
