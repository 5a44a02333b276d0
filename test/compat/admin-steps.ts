import type { Cluster } from './cluster.ts'

/** One step of the admin script; both clusters go through all of them in this order. */
export type Step =
  | {
      kind: 'command'
      /** `{master}`, `{slave}`, `{offsetId}`, `{uniqueKey}` and `{now}` are filled in per cluster. */
      command: string
      /** What may differ between two runs on equal state; each match is replaced before comparing. */
      blur?: RegExp[]
      /** Lines come in the order of a hash table. */
      sorted?: boolean
      /** Compare only lines that match: the rest names what only one implementation can have. */
      onlyLines?: RegExp
      /** Text that must be there, whatever the other side says; guards against two equal failures. */
      expect?: RegExp
      /** Both must refuse; what the project's own mqadmin says then is its own. */
      fails?: boolean
      /** Changes something, so it is not repeated with another mqadmin. */
      changes?: boolean
    }
  | { kind: 'scenario'; name: string; args: Record<string, string | number> }

const topic = 'admin-topic'
const group = 'admin-group'
/** A transfer rate before the verdict. */
const rate = /\d+\.\d+(?= +OK)/g
const decimals = /\d+\.\d+/g
/** The timer column of clusterList: read lag and congestion change every second. */
const timer = /\b\d+-\d+\(.*?\)/g
/** Two rates and two counts of the last day; both depend on when the statistics were sampled. */
const rates = /\d+\.\d+ +\d+\.\d+ +\d+ +\d+/g
/** Everything behind the name of a property. */
const values = /[:=].*$/gm
const tail = /[ \t]+$/gm

function read(command: string, options: Omit<Extract<Step, { kind: 'command' }>, 'kind' | 'command'> = {}): Step {
  return { kind: 'command', command, ...options }
}

function change(command: string, expect: RegExp, options: { blur?: RegExp[]; sorted?: boolean } = {}): Step {
  return { kind: 'command', command, expect, changes: true, ...options }
}

/** Creating things and filling them. */
export const setUpSteps: Step[] = [
  change(`updateTopic -c CompatCluster -t ${topic} -r 4 -w 4`, /create topic to .* success/),
  change('updateTopic -b {master} -t admin-readonly -r 2 -w 2 -p 4', /create topic to .* success/),
  change('updateTopic -b {master} -t admin-doomed -r 1 -w 1', /create topic to .* success/),
  change(`updateSubGroup -b {master} -g ${group} -r 3 -q 2`, /create subscription group to .* success/),
  change('updateSubGroup -c CompatCluster -g admin-doomed-group', /create subscription group to .* success/),
  { kind: 'scenario', name: 'fill', args: { topic, group: 'admin-fill', count: 60 } },
  { kind: 'scenario', name: 'drain', args: { topic, group, keyGroup: 'admin-fill', count: 60, committed: 1 } },
  { kind: 'scenario', name: 'fill', args: { topic, group: 'admin-fill', count: 12, from: 60 } },
]

/** Reading; these are also run with the project's own mqadmin. */
export const readSteps: Step[] = [
  read('clusterList', { blur: [decimals, timer], expect: /broker-a/ }),
  read('clusterList -m', { blur: [decimals], expect: /broker-a/ }),
  read('topicList', { sorted: true, expect: /admin-topic/ }),
  read('topicList -c', { sorted: true, expect: /admin-topic/ }),
  read(`topicRoute -t ${topic}`, { expect: /broker-a/ }),
  read(`topicRoute -t ${topic} -l`, { expect: /broker-a/ }),
  read(`topicStatus -t ${topic}`, { expect: /broker-a/ }),
  read(`topicClusterList -t ${topic}`, { expect: /CompatCluster/ }),
  read(`consumerProgress -g ${group}`, { expect: /Consume Diff Total: 12/, blur: [/Consume TPS: .*/] }),
  read(`consumerProgress -g ${group} -t ${topic}`, { expect: /admin-topic/, blur: [/Consume TPS: .*/] }),
  read(`getConsumerConfig -g ${group}`, { expect: /retryMaxTimes/ }),
  read('brokerStatus -b {master}', { onlyLines: /^\S+ *<n>/, blur: [values], expect: /commitLogMaxOffset/ }),
  read('brokerStatus -b {master}', {
    onlyLines: /^(commitLogMaxOffset|commitLogMinOffset|msgPutTotalTodayNow|brokerRole|brokerActive)/,
  }),
  read('getBrokerConfig -b {master}', {
    onlyLines:
      /^(brokerName|brokerId|brokerClusterName|brokerRole|flushDiskType|autoCreateTopicEnable|deleteWhen|fileReservedTime|mappedFileSizeCommitLog|mappedFileSizeConsumeQueue|maxMessageSize|messageDelayLevel|slaveReadEnable|diskMaxUsedSpaceRatio|defaultTopicQueueNums|brokerPermission|waitTimeMillsInSendQueue|flushConsumerOffsetInterval|autoCreateSubscriptionGroup|longPollingEnable|messageIndexEnable)\b/,
    expect: /brokerName/,
    sorted: true,
  }),
  read('haStatus -b {master}', { expect: /OK/, blur: [rate] }),
  read('haStatus -b {slave}', { blur: [decimals] }),
  read(`queryMsgByOffset -t ${topic} -b broker-a -i 1 -o 0`, { expect: /OffsetID/ }),
  read(`queryMsgById -i {offsetId} -t ${topic}`, { expect: /OffsetID/ }),
  read(`queryMsgByKey -t ${topic} -k admin-fill-7`, { expect: /<id>/ }),
  read(`queryMsgByUniqueKey -t ${topic} -i {uniqueKey}`, { expect: /Queue Offset: 0/ }),
  read(`printMsg -t ${topic}`, { expect: /body of admin-fill-59/, sorted: true }),
  read(`printMsgByQueue -t ${topic} -a broker-a -i 2 -p true -d true`, { expect: /body of admin-fill/ }),
  read(`queryCq -t ${topic} -q 0 -i 0 -c 5 -b {master}`, { expect: /physicOffset/ }),
  read(`queryCq -t ${topic} -q 0 -i 0 -c 2 -b {master} -g ${group}`, {}),
  read(`statsAll -t ${topic}`, { blur: [rates] }),
  read(`allocateMQ -t ${topic} -i 10.0.0.1,10.0.0.2`, { expect: /10\.0\.0\.1/ }),
  read('getNamesrvConfig', {
    onlyLines: /^(kvConfigPath|listenPort|orderMessageEnable|clusterTest)/,
    blur: [values],
    sorted: true,
  }),
  read('topicRoute -t admin-nowhere', { fails: true, expect: /No topic route info/ }),
  read('topicStatus -t admin-nowhere', { fails: true, expect: /CODE: 17/ }),
  read('consumerProgress -g admin-nobody', { fails: true, expect: /CODE: 17/ }),
  read('consumerConnection -g admin-nobody', { fails: true, expect: /CODE: 17/ }),
  read(`producerConnection -g admin-nobody -t ${topic}`, { fails: true, expect: /CODE: 1 / }),
  read('queryMsgByKey -t admin-topic -k no-such-key', { fails: true, expect: /CODE: 208/ }),
  read('queryCq -t admin-nowhere -q 0 -i 0 -c 1 -b {master}', { fails: true, expect: /CODE: 1 / }),
]

/** With a producer and a consumer connected. */
export const connectedSteps: Step[] = [
  read(`consumerConnection -g admin-held`, { expect: /admin-topic/ }),
  read(`producerConnection -g PID_admin-held -t ${topic}`, { expect: /JAVA/ }),
  // The last two columns are the rate of this moment and what is left.
  read('consumerProgress', { sorted: true, expect: /admin-held/, blur: [decimals, /\d+\s+\d+\s*$/gm] }),
  read('producer -b {master}', { onlyLines: /admin-held/ }),
  change(`resetOffsetByTime -g admin-held -t ${topic} -s -1`, /<|offset/i),
]

/** Changing things back and forth. */
export const changeSteps: Step[] = [
  change('updateBrokerConfig -b {master} -k flushIntervalCommitLog -v 777', /success/),
  read('getBrokerConfig -b {master}', { onlyLines: /^flushIntervalCommitLog\b/, expect: /777/ }),
  change(`updateTopicPerm -t admin-readonly -b {master} -p 6`, /success/),
  change('wipeWritePerm -b broker-a', /wipe write perm of broker/),
  read(`topicRoute -t ${topic}`, { expect: /"perm":4/ }),
  change('addWritePerm -b broker-a', /add write perm of broker/),
  read(`topicRoute -t ${topic}`, { expect: /"perm":6/ }),
  change(`resetOffsetByTime -g ${group} -t ${topic} -s now`, /./),
  read(`consumerProgress -g ${group}`, { expect: /Consume Diff Total: 0/, blur: [/Consume TPS: .*/] }),
  change(`resetOffsetByTime -g ${group} -t ${topic} -s -1`, /./),
  change(`skipAccumulatedMessage -g ${group} -t ${topic}`, /./, { sorted: true }),
  change(`sendMessage -t ${topic} -p hello -k admin-sent -c admin-tag`, /SEND_OK/, {
    blur: [/#QID.*|broker-a +\d+/g, /\b\d\b/g],
  }),
  // The message just sent may or may not be in the queue yet.
  change(`consumeMessage -t ${topic} -b broker-a -i 0 -o 0 -c 3`, /body of admin-fill-0/, {
    blur: [/MAX_OFFSET=\d+/g],
  }),
  change('updateKvConfig -s compat -k colour -v red', /success/),
  change('deleteKvConfig -s compat -k colour', /success/),
  change('updateNamesrvConfig -k productEnvName -v compat', /success/),
  read('getNamesrvConfig', { onlyLines: /^productEnvName/, expect: /compat/ }),
  change('updateOrderConf -t admin-topic -v broker-a:4 -m put', /success/),
  read('updateOrderConf -t admin-topic -m get', { expect: /broker-a:4/ }),
  change('updateOrderConf -t admin-topic -m delete', /success/),
  change('deleteSubGroup -b {master} -g admin-doomed-group', /success/),
  change('deleteTopic -t admin-doomed -c CompatCluster', /success/),
  read('topicList', { sorted: true, expect: /admin-readonly/ }),
  read('topicRoute -t admin-doomed', { expect: /No topic route info/ }),
  change('cleanUnusedTopic -b {master}', /success|fail/),
  change('cleanExpiredCQ -b {master}', /success|fail/),
  change('deleteExpiredCommitLog -b {master}', /success|fail/),
]

/** Replaces what differs between any two clusters or moments, so that equal state gives equal text. */
export function normalise(text: string, cluster: Cluster, step: Extract<Step, { kind: 'command' }>): string {
  let out = text.replaceAll(cluster.namesrv.dir, '<dir>').replaceAll(cluster.namesrv.address, '<namesrv>')
  for (const broker of cluster.brokers) {
    out = out
      .replaceAll(broker.address, `<${broker.name}>`)
      .replaceAll(`127.0.0.1:${broker.port + 1}`, `<${broker.name} ha>`)
  }
  out = out
    .replace(/\d+\.\d+\.\d+\.\d+@\S+/g, '<client>')
    .replace(/127\.0\.0\.1:\d+/g, '<address>')
    .replace(/\b[0-9A-F]{32,}\b/g, '<id>')
    .replace(/\d{4}-\d\d-\d\d[ _#T]\d\d:\d\d:\d\d([,.:]\d+)?/g, '<time>')
    .replace(/\b1\d{12}\b/g, '<ms>')
    .replace(/^\s+at .*$|^\s+\.\.\. \d+ (more|common frames omitted)$/gm, '')
  for (const pattern of step.blur ?? []) out = out.replace(pattern, '<n>')
  out = out.replace(
    /([pP]roperties[=:] *)\{([^}]*)\}/g,
    (_, name: string, entries: string) => `${name}{${entries.split(', ').sort().join(', ')}}`,
  )
  let lines = out
    .replace(/[ \t]+/g, ' ')
    .replace(tail, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(sortedJson)
  if (step.onlyLines) lines = lines.filter((line) => step.onlyLines?.test(line.trim()))
  if (step.sorted) lines.sort()
  return lines.join('\n')
}

/** A line of JSON with the members of its objects in order: hash tables print them in any. */
function sortedJson(line: string): string {
  if (!line.startsWith('{"')) return line
  try {
    return JSON.stringify(sortMembers(JSON.parse(line)))
  } catch {
    // Not JSON after all, or JSON over several lines: compared as text.
    return line
  }
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sortMembers(member)]),
  )
}
