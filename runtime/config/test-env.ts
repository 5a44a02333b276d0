import type { ConfEnv } from './conf-key.ts'

/** The machine on which golden/apache-5.5.0-keys.tsv was captured: 2 processors, home /HOME. */
export const testEnv: ConfEnv = {
  home: '/HOME',
  rocketmqHome: '/RMQHOME',
  namesrvAddr: undefined,
  hostName: 'vm',
  localAddress: '192.0.2.2',
  processors: 2,
  workingFolder: '/srv/mq',
}
