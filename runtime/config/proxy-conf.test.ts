import { expect, test } from 'vitest'
import { parseProxyConf } from './proxy-conf.ts'
import { testEnv } from './test-env.ts'

const read = (text: string, commandLine = {}) =>
  parseProxyConf(text, 'rmq-proxy.json', { ...testEnv, namesrvAddr: 'n:9876' }, commandLine)
const errors = (text: string) => {
  const result = read(text)
  return result.ok ? [] : result.errors
}

test('the defaults are those of Apache’s proxy', () => {
  const result = read('')
  if (!result.ok) throw new Error(result.errors.join())
  expect(result.warnings).toEqual([])
  expect(result.conf).toMatchObject({
    ...{ grpcServerPort: 8081, maxMessageSize: 4_194_304, maxUserPropertySize: 16_384, userPropertyMaxNum: 128 },
    ...{
      rocketMQClusterName: 'DefaultCluster',
      namesrvAddr: ['n:9876'],
      tlsTestModeEnable: true,
      proxyMode: 'CLUSTER',
    },
  })
})

test('reads JSON, its comments too; the command line counts more', () => {
  const result = read('{"namesrvAddr": "a:1;b:2", /* one */ "grpcServerPort": 0, "useDelayLevel": true}', {
    namesrvAddr: 'c:3',
  })
  if (!result.ok) throw new Error(result.errors.join())
  expect(result.conf).toMatchObject({ namesrvAddr: ['c:3'], grpcServerPort: 0, useDelayLevel: true })
})

test('all that is wrong is said, with key, value and remedy', () => {
  expect(errors('{"grpcServerprt": 1, "maxMessageSize": "big", "tlsTestModeEnable": 1, "namesrvAddr": ["a"]}')).toEqual(
    [
      'rmq-proxy.json: unknown key grpcServerprt (value "1"): did you mean grpcServerPort?',
      'rmq-proxy.json: maxMessageSize = "big": expected a whole number from 0 to 2147483647 (bytes)',
      'rmq-proxy.json: tlsTestModeEnable = "1": expected true or false',
      'rmq-proxy.json: namesrvAddr = ["a"]: expected a number, a text, true or false',
    ],
  )
  expect(errors('{')).toEqual([expect.stringContaining('rmq-proxy.json: not JSON: ')])
  expect(errors('[]')).toEqual(['rmq-proxy.json: expected a JSON object of keys and values'])
  expect(errors('{"advertisedEndpoints": "proxy", "messageDelayLevel": "1s 5x"}')).toEqual([
    'rmq-proxy.json: messageDelayLevel: "5x" is no delay such as 10s, 5m, 2h or 1d',
    'rmq-proxy.json: advertisedEndpoints = "proxy": expected host:port',
  ])
})

test('keys without effect are named', () => {
  const result = read('{"regionId": "x", "traceOn": null}')
  expect(result.warnings).toEqual([
    'rmq-proxy.json: known to Apache RocketMQ but without effect here: regionId, traceOn',
  ])
})
