import type { BrokerConf } from '../broker-conf.ts'
import type { Settled } from '../conf-table.ts'
import { delayLevelsMs } from '../delay-levels.ts'
import { wrongAddress } from '../host-port.ts'

/** Within these bounds, in percent, Apache RocketMQ keeps the three marks of disk use. */
const DISK_RATIOS = [
  ['diskMaxUsedSpaceRatio', 10, 95],
  ['diskSpaceCleanForciblyRatio', 30, 85],
  ['diskSpaceWarningLevelRatio', 35, 90],
] as const

/** Files of consume queues hold whole units: Java's getter rounds up, too; with batch consume queues it stands still. */
const UNIT_BYTES = { mappedFileSizeConsumeQueue: 20, mapperFileSizeBatchConsumeQueue: 46 } as const

/**
 * What Apache RocketMQ works out between reading broker.conf and starting (BrokerStartup.buildBrokerController), and
 * what its getters correct. Where it exits with a message, this returns an error; where it corrects silently, a warning.
 */
export function settleBroker(conf: BrokerConf, given: ReadonlySet<string>): Settled<BrokerConf> {
  const corrected = { ...conf }
  const warnings: string[] = []
  const errors: string[] = []
  const correct = <K extends keyof BrokerConf>(name: K, value: BrokerConf[K], why: string): void => {
    if (given.has(name)) warnings.push(`${name} = ${String(conf[name])} does not count: ${why}`)
    corrected[name] = value
  }
  settleRole(conf, errors, correct)
  settlePaths(conf, given, errors, correct)
  // A replica is served on the port above unless told; port 0 stays "any".
  if (conf.haListenPort === 0 && conf.listenPort > 0) corrected.haListenPort = conf.listenPort + 1
  if (corrected.haListenPort > 65535)
    errors.push(`listenPort = ${conf.listenPort} leaves no port above it for haListenPort`)
  for (const [name, least, most] of DISK_RATIOS) {
    const ratio = Math.min(most, Math.max(least, conf[name]))
    if (ratio !== conf[name]) correct(name, ratio, `it is kept between ${least} and ${most}, so ${ratio} does`)
  }
  settleFileSizes(conf, correct)
  const wrong = wrongAddress(conf.namesrvAddr)
  if (wrong !== undefined) {
    errors.push(`namesrvAddr: "${wrong}" is not host:port; write it as in 127.0.0.1:9876;192.168.0.1:9876`)
  }
  const levels = delayLevelsMs(conf.messageDelayLevel)
  if ('wrong' in levels)
    errors.push(`messageDelayLevel: "${levels.wrong}" is not a number and a unit (s, m, h or d), as in 10s`)
  const hour = conf.deleteWhen.split(';').find((it) => !/^\s*([01]?\d|2[0-3])\s*$/.test(it))
  if (hour !== undefined) errors.push(`deleteWhen: "${hour}" is not an hour from 00 to 23; separate several by ;`)
  return { conf: Object.freeze(corrected), warnings, errors }
}

type Correct = <K extends keyof BrokerConf>(name: K, value: BrokerConf[K], why: string) => void

function settleFileSizes(conf: BrokerConf, correct: Correct): void {
  for (const name of ['mappedFileSizeConsumeQueue', 'mapperFileSizeBatchConsumeQueue'] as const) {
    const unitBytes = UNIT_BYTES[name]
    const whole = Math.ceil(conf[name] / unitBytes) * unitBytes
    if (whole !== conf[name]) correct(name, whole, `files hold whole units of ${unitBytes} bytes, so ${whole} does`)
  }
}

function settleRole(conf: BrokerConf, errors: string[], correct: Correct): void {
  if (conf.enableControllerMode && conf.enableDLegerCommitLog) {
    errors.push('enableControllerMode and enableDLegerCommitLog are both true: choose one')
    return
  }
  if (conf.enableControllerMode) {
    settleControllerMode(conf, errors, correct)
    return
  }
  if (conf.brokerRole === 'SLAVE') {
    if (conf.brokerId <= 0) {
      errors.push(`brokerRole = SLAVE needs a brokerId above 0, found ${conf.brokerId}: 0 is the master's`)
    }
  } else if (conf.brokerId !== 0) {
    correct('brokerId', 0, `brokerRole = ${conf.brokerRole} makes it a master, whose id is 0`)
  }
}

/** The role and the id that goes with it are the controllers' to give: until they do, the broker is nobody's master. */
function settleControllerMode(conf: BrokerConf, errors: string[], correct: Correct): void {
  const why = 'with enableControllerMode the controllers decide who is master'
  if (conf.brokerRole !== 'SLAVE') correct('brokerRole', 'SLAVE', why)
  if (conf.brokerId !== -1) correct('brokerId', -1, why)
  if (conf.controllerAddr.length === 0) {
    errors.push('enableControllerMode needs controllerAddr: write it as in 127.0.0.1:9877;127.0.0.1:9878')
  }
  const wrong = wrongAddress(conf.controllerAddr)
  if (wrong !== undefined) {
    errors.push(`controllerAddr: "${wrong}" is not host:port; write it as in 127.0.0.1:9877;127.0.0.1:9878`)
  }
}

function settlePaths(conf: BrokerConf, given: ReadonlySet<string>, errors: string[], correct: Correct): void {
  const root = conf.storePathRootDir
  const fixed = {
    storePathConsumeQueue: `${root}/consumequeue`,
    storePathIndex: `${root}/index`,
    storeCheckpoint: `${root}/checkpoint`,
    abortFile: `${root}/abort`,
  }
  for (const [name, path] of Object.entries(fixed) as [keyof typeof fixed, string][]) {
    if (conf[name] !== path) correct(name, path, `like Apache RocketMQ, the broker uses ${path}`)
  }
  if (given.has('storePathCommitLog') && conf.storePathCommitLog.includes(',')) {
    errors.push(
      `storePathCommitLog = "${conf.storePathCommitLog}": several commit log folders are not supported, name one`,
    )
  }
}
