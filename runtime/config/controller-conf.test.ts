import { describe, expect, test } from 'vitest'
import { parseControllerConf, printControllerConf } from './controller-conf.ts'
import { parsePeers } from './controller-peers.ts'
import { embeddedControllerConf, parseNamesrvConf } from './namesrv-conf.ts'
import { testEnv } from './test-env.ts'

const QUORUM = [
  'controllerDLegerGroup = group1',
  'controllerDLegerPeers = n0-127.0.0.1:9877;n1-127.0.0.1:9878;n2-127.0.0.1:9879',
  'controllerDLegerSelfId = n0',
].join('\n')

function parse(text: string) {
  return parseControllerConf(text, 'controller.conf', testEnv)
}

function errorsOf(text: string): readonly string[] {
  const result = parse(text)
  return result.ok ? [] : result.errors
}

describe('peers', () => {
  test('host names may have dashes and ids need not be n0, n1, ...', () => {
    expect(parsePeers(' a-mq-ctl-0.svc.local:9878 ; b-[fe80::1]:9878;')).toEqual({
      peers: [
        { id: 'a', address: 'mq-ctl-0.svc.local:9878' },
        { id: 'b', address: '[fe80::1]:9878' },
      ],
      errors: [],
    })
  })

  test.each([
    ['127.0.0.1:9878', '"127.0.0.1:9878": it is not of the form id-host:port'],
    ['-h:1', '"-h:1": it is not of the form id-host:port'],
    ['n0-h', '"n0-h": "h" is not host:port with a port from 1 to 65535'],
    ['n0-h:0', '"n0-h:0": "h:0" is not host:port with a port from 1 to 65535'],
    ['n0-h:70000', '"n0-h:70000": "h:70000" is not host:port with a port from 1 to 65535'],
    ['n0-h:x', '"n0-h:x": "h:x" is not host:port with a port from 1 to 65535'],
    ['n0-h:1;n0-g:1', '"n0-g:1": there is another controller with the id n0'],
    ['n0-h:1;n1-h:1', '"n1-h:1": controller n0 has the same address'],
  ])('%s is refused', (text, error) => {
    expect(parsePeers(text).errors).toEqual([`controllerDLegerPeers: ${error}`])
  })

  test('none at all are refused', () => {
    expect(parsePeers(' ; ').errors).toEqual(['controllerDLegerPeers names no controller'])
  })
})

test('the documented controller.conf is read without a warning, blanks around = and ~ in the path included', () => {
  const result = parse(
    `${QUORUM}\ncontrollerStorePath = ~/DledgerController\nenableElectUncleanMaster = false\nnotifyBrokerRoleChanged = true`,
  )
  expect(result).toMatchObject({
    ok: true,
    warnings: [],
    conf: {
      controllerDLegerGroup: 'group1',
      controllerDLegerSelfId: 'n0',
      controllerStorePath: '/HOME/DledgerController',
      listenPort: 9877,
      configStorePath: '/HOME/controller/controller.properties',
    },
  })
})

test('the port shown is that of the own peer', () => {
  const result = parse(QUORUM.replace('SelfId = n0', 'SelfId = n2'))
  expect(result.ok && printControllerConf(result.conf)).toContain('\nlistenPort=9879\n')
})

test('the default folder is that of the official controller', () => {
  const result = parse(QUORUM)
  expect(result.ok && result.conf.controllerStorePath).toBe('/HOME/DLedgerController')
})

test('what makes no controller is said with what to write', () => {
  const example =
    'for example controllerDLegerGroup=group1, controllerDLegerPeers=n0-host0:9878;n1-host1:9878;n2-host2:9878, controllerDLegerSelfId=n0'
  expect(errorsOf('')).toEqual([
    `controller.conf: a controller needs controllerDLegerGroup, controllerDLegerPeers, controllerDLegerSelfId; ${example}`,
  ])
  expect(errorsOf(QUORUM.replace('SelfId = n0', 'SelfId ='))).toEqual([
    `controller.conf: a controller needs controllerDLegerSelfId; ${example}`,
  ])
  expect(errorsOf(QUORUM.replace('SelfId = n0', 'SelfId = n3'))).toEqual([
    'controller.conf: controllerDLegerSelfId = "n3" is none of the ids in controllerDLegerPeers: n0, n1, n2',
  ])
  expect(errorsOf(QUORUM.replace('n1-127.0.0.1:9878', 'n1-127.0.0.1'))).toEqual([
    'controller.conf: controllerDLegerPeers: "n1-127.0.0.1": "127.0.0.1" is not host:port with a port from 1 to 65535',
  ])
  expect(errorsOf(`${QUORUM}\ncontrollerDLegerPers=x`)).toEqual([
    'controller.conf:4: unknown key controllerDLegerPers (value "x"): did you mean controllerDLegerPeers?',
  ])
  expect(errorsOf(`${QUORUM}\ncontrollerType=raft`)).toEqual([
    'controller.conf:4: controllerType = "raft": expected one of DLedger, jRaft',
  ])
})

test('controllers described for jRaft are described anew in the error', () => {
  const jraft = [
    'controllerType=jRaft',
    'jRaftServerId=h1:9881',
    'jRaftInitConf=h0:9880,h1:9881',
    'jRaftControllerRPCAddr=h0:9770,h1:9771',
  ]
  expect(errorsOf(jraft.join('\n'))).toEqual([
    'controller.conf: controllerType = jRaft: this engine takes the controllers from the keys of controllerType=DLedger. Write controllerType=DLedger, controllerDLegerGroup=group1, controllerDLegerPeers=n0-h0:9770;n1-h1:9771, controllerDLegerSelfId=n1',
  ])
})

test('an even number of controllers is warned of', () => {
  const result = parse(QUORUM.replace(';n2-127.0.0.1:9879', ''))
  expect(result.ok && result.warnings).toEqual([
    'controller.conf: 2 controllers go on without no more of them than 1 would: use 1, 3 or 5',
  ])
})

describe('in namesrv.conf', () => {
  const namesrv = (text: string) => parseNamesrvConf(text, 'namesrv.conf', testEnv)

  test('the keys describe the embedded controller, which has its own defaults for keys of both', () => {
    const result = namesrv(
      `enableControllerInNamesrv = true\n${QUORUM}\nlistenPort=9876\nscanNotActiveBrokerInterval=10\nbindAddress=127.0.0.1\nenableElectUncleanMaster=true`,
    )
    expect(result).toMatchObject({ ok: true, warnings: [] })
    expect(result.ok && embeddedControllerConf(result.conf, testEnv)).toMatchObject({
      listenPort: 9877,
      bindAddress: '127.0.0.1',
      enableElectUncleanMaster: true,
      scanNotActiveBrokerInterval: 5000,
      configBlackList: ['configBlackList', 'configStorePath'],
    })
  })

  test('they are checked only if there is one', () => {
    expect(namesrv('enableControllerInNamesrv=true')).toMatchObject({
      ok: false,
      errors: [expect.stringMatching(/^namesrv.conf: a controller needs controllerDLegerGroup/)],
    })
    expect(namesrv(`enableControllerInNamesrv=true\n${QUORUM}\nlistenPort=9877`)).toMatchObject({
      ok: false,
      errors: [
        "namesrv.conf: controllerDLegerPeers gives the controller port 9877, which is the name server's listenPort: it needs one of its own",
      ],
    })
    expect(namesrv('controllerDLegerSelfId=n9')).toMatchObject({
      ok: true,
      warnings: ['namesrv.conf: controllerDLegerSelfId: no effect without enableControllerInNamesrv=true'],
    })
  })
})
