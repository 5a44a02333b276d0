import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { consumeQueueUnits, offsetsIn } from './files.ts'
import { ack, control, type Popped, pop, poppedOf, send, sorted, TOPIC } from './lite-records.ts'
import { ask, createGroup, createTopic, type Frame } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'lite topics, handed over'
const CONF = { enableLmq: true, enableMultiDispatch: true }
/** Subscribes to each lite topic by its name. */
const NAMED = { group: 'g-lite-named', clientId: 'named' }
/** Takes all there are. */
const WILDCARD = { group: 'g-lite-all', clientId: 'all' }
const CONSUMERS = [NAMED, WILDCARD]
/** Lite topics that there are in every round; another one begins with each. */
const KEPT = ['a', 'b', 'c']
const SENT_EACH = 6
const ACKED_EACH = 2
/** More than a round takes: what is popped and not acknowledged comes again because the broker is another one. */
const INVISIBLE_MS = '300000'
const LIMIT_MS = 60_000

/** Bodies by lite topic, in their order. */
type Bodies = Map<string, string[]>
type Check = (what: string, isRight: boolean, detail: string) => void

/**
 * Messages of lite topics are sent to one engine, some of them consumed, and the folder opened by the other, after clean stops and after
 * kill -9: what was not acknowledged comes once and in order, and all that is told of lite topics is what it was.
 */
export async function liteHandover(setting: Setting): Promise<void> {
  const { dir, report, engine } = setting
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const options = { name: 'lite-handover', dir, namesrvEngine: 'gantry' as const, brokers, conf: CONF }
  const cluster = await layOutCluster(options)
  const broker = cluster.broker('broker-a')
  const store = String(broker.conf['storePathRootDir'])
  const sent: Bodies = new Map()
  let units = new Map<string, string>()
  await cluster.start()
  try {
    await createAll(broker.address)
    for (const [round, [next, signal]] of handovers(engine).entries()) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      const check = (what: string, isRight: boolean, detail: string) =>
        report.check(AREA, `${name}: ${what}`, isRight, detail)
      const lites = [...KEPT, `new-${round}`]
      await fill(broker, lites, sent, round)
      await awaitSaved(broker, sent, lites)
      const before = await shownOf(cluster, setting, lites)
      await broker.stop(signal)
      const left = liteUnits(store)
      const changed = [...units].filter(([unit, bytes]) => left.get(unit) !== bytes)
      check('units that the engine before it wrote', changed.length === 0, changed.join('\n'))
      units = left
      broker.engine = next
      await broker.start()
      await cluster.awaitRegistered(broker)
      await subscribe(broker.address, lites)
      const after = await shownOf(cluster, setting, lites)
      for (const [what, text] of Object.entries(before)) {
        check(what, text === after[what] && /parent|lite/.test(text), `before ${text}\nafter ${after[what]}`)
      }
      await checkMessages(broker.address, sent, lites, check)
    }
  } finally {
    await cluster.stop()
  }
}

function handovers(engine: Engine): (readonly [Engine, 'SIGTERM' | 'SIGKILL'])[] {
  return [
    ['apache', 'SIGTERM'],
    [engine, 'SIGTERM'],
    ['apache', 'SIGKILL'],
    [engine, 'SIGKILL'],
  ]
}

async function createAll(address: string): Promise<void> {
  await createTopic(address, TOPIC, 4, '+message.type=LITE,+lite.topic.expiration=60')
  const bound = { '+lite.bind.topic': TOPIC }
  await createGroup(address, NAMED.group, { attributes: bound })
  await createGroup(address, WILDCARD.group, { attributes: { ...bound, '+lite.sub.wildcard': 'true' } })
}

/** All messages are in their lite topics, and each group gets those that it has not acknowledged. */
async function checkMessages(address: string, sent: Bodies, lites: string[], check: Check): Promise<void> {
  for (const [lite, bodies] of sent) {
    const found = await bodiesOf(address, lite)
    check(`all of ${lite}`, found.join() === bodies.join(), `${found}\nwanted ${bodies}`)
  }
  for (const consumer of CONSUMERS) {
    const came = await drain(address, consumer, lites.length * (SENT_EACH - ACKED_EACH))
    check(`no other lite topics for ${consumer.group}`, came.size === lites.length, [...came.keys()].join())
    for (const lite of lites) {
      const found = came.get(lite) ?? []
      const rest = sent.get(lite)!.slice(ACKED_EACH - SENT_EACH)
      const what = `the rest of ${lite} comes once, in order, to ${consumer.group}`
      check(what, found.join() === rest.join(), `${found}\nwanted ${rest}`)
    }
  }
}

/** Sends messages, has each group acknowledge the first ones of each lite topic, and changes what topic and group have as attributes. */
async function fill({ address }: Server, lites: string[], sent: Bodies, round: number): Promise<void> {
  await createTopic(address, TOPIC, 4, `+lite.topic.expiration=${61 + round}`)
  await createGroup(address, NAMED.group, { attributes: { '+lite.sub.client.quota': String(100 + round) } })
  await subscribe(address, lites)
  for (let i = 0; i < SENT_EACH; i++) {
    for (const lite of lites) {
      const bodies = sent.get(lite) ?? []
      const body = `${lite}-${bodies.length}`
      await send(address, lite, body)
      sent.set(lite, [...bodies, body])
    }
  }
  for (const consumer of CONSUMERS) {
    const acked = new Map(lites.map((lite) => [lite, 0]))
    await popUntil(address, consumer, async (popped) => {
      const count = acked.get(popped?.lite ?? '')
      if (popped !== undefined && count !== undefined && count < ACKED_EACH) {
        await acknowledge(address, consumer, popped)
        acked.set(popped.lite, count + 1)
      }
      return [...acked.values()].every((one) => one === ACKED_EACH)
    })
  }
}

async function subscribe(address: string, lites: string[]): Promise<void> {
  for (const consumer of CONSUMERS) {
    const { code, remark } = await control(address, 'COMPLETE_ADD', consumer === NAMED ? lites : [], consumer)
    if (code !== 0) throw new Error(`subscription of ${consumer.group} refused: ${code} ${remark}`)
  }
}

/** Both groups' offsets in every lite topic are in the broker's file, and none besides. */
async function awaitSaved(broker: Server, sent: Bodies, lites: string[]): Promise<void> {
  const wanted: string[] = []
  for (const { group } of CONSUMERS) {
    for (const [lite, { length }] of sent) {
      const offset = lites.includes(lite) ? length - SENT_EACH + ACKED_EACH : length
      wanted.push(`%LMQ%$${TOPIC}$${lite}@${group}/0=${offset}`)
    }
  }
  const text = wanted.sort().join('\n')
  const found = (): string =>
    [...offsetsIn(String(broker.conf['storePathRootDir']), 'lmqConsumerOffset.json')]
      .map(([key, offset]) => `${key}=${offset}`)
      .sort()
      .join('\n')
  await waitUntil('offsets on disk', LIMIT_MS, () => {
    const now = found()
    if (now !== text) throw new Error(`has ${now}\nwanted ${text}`)
    return true
  })
}

/** Units of lite topics' consume queues. */
function liteUnits(store: string): Map<string, string> {
  return new Map([...consumeQueueUnits(store)].filter(([unit]) => unit.startsWith(`%LMQ%$${TOPIC}$`)))
}

/** What the official mqadmin shows of lite topics, and the attributes of topic and groups. */
async function shownOf(cluster: Cluster, { driver, brief }: Setting, lites: string[]): Promise<Record<string, string>> {
  const { address } = cluster.broker('broker-a')
  const shown: Record<string, string> = {}
  const commands = [
    `getBrokerLiteInfo -b ${address} -d`,
    `getParentTopicInfo -p ${TOPIC}`,
    `getLiteGroupInfo -p ${TOPIC} -g ${NAMED.group} -k 20`,
    `getLiteTopicInfo -p ${TOPIC} -l ${lites.at(-1)} -s`,
    `getLiteGroupInfo -p ${TOPIC} -g ${WILDCARD.group} -l ${lites.at(-1)}`,
  ]
  // Each takes a second; what the last two show is in answers below.
  for (const command of commands.slice(0, brief ? 3 : undefined)) {
    const out = await driver.mqadmin(...command.split(' '), '-n', cluster.namesrv.address)
    shown[`mqadmin ${command.replace(address, 'BROKER')}`] = shownText(out, address)
  }
  for (const lite of lites) {
    const extFields = { parentTopic: TOPIC, liteTopic: lite }
    shown[`state of ${lite}`] = sortedText(await ask(address, { code: 200076, extFields }))
    for (const { group } of CONSUMERS) {
      const extFields = { group, liteTopic: lite, topK: '20' }
      shown[`state of ${lite} for ${group}`] = sortedText(await ask(address, { code: 200078, extFields }))
    }
  }
  const topic = await ask(address, { code: 351, extFields: { topic: TOPIC } })
  shown['attributes of the topic'] = attributesIn(topic.body)
  for (const { group } of CONSUMERS) {
    const config = await ask(address, { code: 352, extFields: { group } })
    shown[`attributes of ${group}`] = attributesIn(config.body)
  }
  return shown
}

/**
 * Which of those that are equally far behind comes first is chance, how large a broker's own tables are its own affair, and the one time
 * in milliseconds is that of the question.
 */
function shownText(out: string, address: string): string {
  return out
    .replaceAll(address, 'BROKER')
    .replaceAll(/\b\d{13}\b|\(\d+ s ago\)/g, 'TIME')
    .split('\n')
    .map((line) =>
      line
        .replace(/^(BROKER(?: +\S+){4}).*$/, '$1')
        .replace(/^\d+ +/, '')
        .trimEnd(),
    )
    .sort()
    .join('\n')
}

function sortedText({ code, remark, body }: Frame): string {
  return code === 0 ? JSON.stringify(sorted(JSON.parse(body.toString())), null, 1) : `${code} ${remark}`
}

function attributesIn(body: Buffer): string {
  const { attributes } = JSON.parse(body.toString()) as { attributes: Record<string, string> }
  return JSON.stringify(Object.entries(attributes).sort())
}

/** All messages of a lite topic, whoever has consumed them. */
async function bodiesOf(address: string, lite: string): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const extFields = {
      ...{ consumerGroup: NAMED.group, topic: TOPIC, liteTopic: lite, queueId: '0', queueOffset: String(found.length) },
      ...{ maxMsgNums: '32', sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*' },
      ...{ subVersion: '0', expressionType: 'TAG' },
    }
    const { code, body } = await ask(address, { code: 11, extFields })
    if (code !== 0) return found
    found.push(...decodeMessages(body).map((message) => message.body.toString()))
  }
}

/** Pops and acknowledges until so many have come and nothing more does. */
async function drain(address: string, consumer: typeof NAMED, count: number): Promise<Bodies> {
  const came: Bodies = new Map()
  let total = 0
  await popUntil(address, consumer, async (popped) => {
    if (popped === undefined) return total >= count
    await acknowledge(address, consumer, popped)
    came.set(popped.lite, [...(came.get(popped.lite) ?? []), popped.body])
    total++
    return false
  })
  return came
}

/** Calls `visit` for each message that is popped, and without one when a pop found none, until it says that this is all. */
async function popUntil(
  address: string,
  { group, clientId }: typeof NAMED,
  visit: (popped: Popped | undefined) => Promise<boolean>,
): Promise<void> {
  await waitUntil(`messages of lite topics for ${group}`, LIMIT_MS, async () => {
    // Whoever has just subscribed is otherwise told within seconds only of what there is.
    await ask(address, { code: 200079, extFields: { group } })
    const answer = await pop(address, { consumerGroup: group, clientId, invisibleTime: INVISIBLE_MS })
    let isOver = false
    if (answer.code === 0) for (const popped of poppedOf(answer)) isOver = await visit(popped)
    else isOver = await visit(undefined)
    return isOver
  })
}

async function acknowledge(address: string, { group }: typeof NAMED, popped: Popped): Promise<void> {
  const { code, remark } = await ack(address, popped, group)
  if (code !== 0) throw new Error(`ack of ${popped.text} refused: ${code} ${remark}`)
}
