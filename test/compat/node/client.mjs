// Runs scenarios of the ali-ons client: node client.mjs NAMESRV PREFIX COUNT scenario...
// Topics are named PREFIX-scenario and groups g-PREFIX-scenario; they must exist. One JSON line per scenario; exit status 1 if one failed.
import { createHash } from 'node:crypto'
import ons from 'ali-ons'
import { sleep, Tally } from './tally.mjs'

const { Consumer, Producer, Message } = ons
const waitMs = 120_000
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
let instances = 0

class Run {
  tally = new Tally()
  #open = []

  constructor(namesrv, topic, count) {
    this.namesrv = namesrv
    this.topic = topic
    this.group = `g-${topic}`
    this.count = count
  }

  key(index) {
    return `${this.group}-${index}`
  }

  message(index, tag = null) {
    const message = new Message(this.topic, tag, `body of ${this.key(index)}`)
    message.keys = [this.key(index)]
    message.properties.number = String(index)
    return message
  }

  #options() {
    instances++
    return {
      nameSrv: this.namesrv,
      clientIP: '127.0.0.1',
      instanceName: `compat-node-${process.pid}-${instances}`,
      logger: quiet,
      rebalanceInterval: 1000,
      heartbeatBrokerInterval: 1000,
      persistConsumerOffsetInterval: 1000,
      pollNameServerInteval: 1000,
      httpclient: { request: () => Promise.reject(new Error('the suite offers no address server')) },
    }
  }

  async producer() {
    const producer = new Producer({ ...this.#options(), producerGroup: `PID_${this.group}`, sendMsgTimeout: 10_000 })
    producer.on('error', (error) => this.tally.check(false, `producer: ${error.message}`))
    await producer.ready()
    this.#open.push(producer)
    return producer
  }

  async consumer(topic, group, tags, handler, options = {}) {
    const consumer = new Consumer({
      ...this.#options(),
      consumerGroup: group,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      ...options,
    })
    // A handler that throws on purpose (retry) is reported here, too; what matters is in the tally.
    consumer.on('error', () => {})
    consumer.subscribe(topic, tags, handler)
    await consumer.ready()
    this.#open.push(consumer)
    return consumer
  }

  accept = async (message) => {
    this.tally.check(message.body.toString() === `body of ${message.keys}`, `wrong body for ${message.keys}`)
    this.tally.received(message.keys)
  }

  async send(producer, message, copies = 1) {
    const result = await producer.send(message)
    this.tally.check(result.sendStatus === 'SEND_OK', `${message.keys}: ${result.sendStatus}`)
    this.tally.acknowledged(message.keys, copies)
    return result
  }

  async sendAll(from, to, copies = 1) {
    const producer = await this.producer()
    for (let i = from; i < to; i++) await this.send(producer, this.message(i), copies)
  }

  async close() {
    for (const client of this.#open.reverse()) await Promise.race([client.close(), sleep(3000)])
  }
}

const scenarios = {
  async 'send-sync'(run) {
    await run.sendAll(0, run.count)
    await run.consumer(run.topic, run.group, '*', run.accept)
    await run.tally.settle(waitMs)
  },

  async 'send-async'(run) {
    const producer = await run.producer()
    await Promise.all(Array.from({ length: run.count }, (_, i) => run.send(producer, run.message(i))))
    await run.consumer(run.topic, run.group, '*', run.accept)
    await run.tally.settle(waitMs)
  },

  async 'big-body'(run) {
    const producer = await run.producer()
    for (const size of [1, 4095, 4097, 65_536, 1_000_000, 3_000_000]) {
      const body = Buffer.alloc(size, 'x')
      const message = new Message(run.topic, null, body)
      message.keys = [`${run.group}-${size}-${createHash('md5').update(body).digest('hex')}`]
      await run.send(producer, message)
    }
    await run.consumer(run.topic, run.group, '*', async (message) => {
      const tail = `-${message.body.length}-${createHash('md5').update(message.body).digest('hex')}`
      run.tally.check(message.keys.endsWith(tail), `${message.keys}: another body arrived`)
      run.tally.received(message.keys)
    })
    await run.tally.settle(waitMs)
  },

  async delay(run) {
    await run.consumer(run.topic, run.group, '*', async (message) => {
      const lateMs = Date.now() - Number(message.properties.due)
      run.tally.check(lateMs > -200 && lateMs < 10_000, `${message.keys} came ${lateMs} ms after it was due`)
      await run.accept(message)
    })
    const producer = await run.producer()
    for (let i = 0; i < run.count; i++) {
      const message = run.message(i)
      message.delayTimeLevel = i % 2 === 0 ? 1 : 5
      message.properties.due = String(Date.now() + (i % 2 === 0 ? 1000 : 2000))
      await run.send(producer, message)
    }
    await run.tally.settle(waitMs)
  },

  async clustering(run) {
    const counts = [0, 0]
    for (const index of counts.keys()) {
      await run.consumer(run.topic, run.group, '*', async (message) => {
        counts[index]++
        await run.accept(message)
      })
    }
    await sleep(3000)
    await run.sendAll(0, run.count)
    await run.tally.settle(waitMs)
    // They may have agreed on the queues later than that.
    const end = Date.now() + waitMs
    for (let next = run.count; counts.includes(0) && Date.now() < end; next++) {
      await sleep(1000)
      await run.sendAll(next, next + 1)
      await run.tally.settle(waitMs)
    }
    run.tally.check(counts[0] > 0 && counts[1] > 0, `the two consumers received ${counts.join(' and ')}`)
  },

  async broadcasting(run) {
    const counts = [0, 0]
    for (const index of counts.keys()) {
      const handler = async (message) => {
        counts[index]++
        await run.accept(message)
      }
      await run.consumer(run.topic, run.group, '*', handler, { isBroadcast: true })
    }
    await sleep(2000)
    await run.sendAll(0, run.count, 2)
    await run.tally.settle(waitMs)
    run.tally.check(
      counts[0] === run.count && counts[1] === run.count,
      `the consumers received ${counts.join(' and ')}`,
    )
  },

  /** The client has no locks; it takes each queue in turn, so messages of one sharding key stay in order. */
  async orderly(run) {
    const last = new Map()
    await run.consumer(run.topic, run.group, '*', async (message) => {
      const number = Number(message.properties.number)
      const shard = number % 5
      run.tally.check((last.get(shard) ?? -1) < number, `shard ${shard}: ${number} after ${last.get(shard)}`)
      last.set(shard, number)
      await run.accept(message)
    })
    const producer = await run.producer()
    for (let i = 0; i < run.count; i++) {
      const message = run.message(i)
      message.shardingKey = `shard-${i % 5}`
      await run.send(producer, message)
    }
    await run.tally.settle(waitMs)
  },

  async 'tag-filter'(run) {
    await run.consumer(run.topic, run.group, 'red || green', run.accept)
    const producer = await run.producer()
    // The client's own filter lets untagged messages through, so every message here has a tag.
    for (let i = 0; i < run.count; i++) {
      await run.send(producer, run.message(i, ['red', 'green', 'blue'][i % 3]), i % 3 < 2 ? 1 : 0)
    }
    await run.tally.settle(waitMs)
  },

  /** Odd messages fail once, even ones always: those end in the dead-letter topic after 1 + 2 deliveries. */
  async 'retry-dlq'(run) {
    const handler = async (message) => {
      run.tally.received(`${message.keys}#${message.reconsumeTimes}`)
      if (message.reconsumeTimes === 0) return Consumer.ACTION_RETRY
      // On a retried message the client ignores ACTION_RETRY; only an exception sends it back again.
      if (Number(message.properties.number) % 2 === 0) throw new Error('refused on purpose')
      return undefined
    }
    await run.consumer(run.topic, run.group, '*', handler, { maxReconsumeTimes: 2 })
    const producer = await run.producer()
    for (let i = 0; i < run.count; i++) {
      await producer.send(run.message(i))
      run.tally.acknowledged(`${run.key(i)}#0`, 1)
      run.tally.expect(`${run.key(i)}#1`, 1)
      if (i % 2 === 0) {
        run.tally.expect(`${run.key(i)}#2`, 1)
        run.tally.expect(`${run.key(i)}#dead`, 1)
      }
    }
    await run.tally.settle(waitMs, Math.ceil(run.count / 2))
    await run.consumer(`%DLQ%${run.group}`, `${run.group}-dead`, '*', async (message) => {
      run.tally.check(message.properties.RETRY_TOPIC === run.topic, 'dead letter without its topic of origin')
      run.tally.received(`${message.keys}#dead`)
    })
    await run.tally.settle(waitMs)
  },

  async restart(run) {
    const half = run.count / 2
    for (const part of [0, 1]) {
      await run.sendAll(part * half, (part + 1) * half)
      const consumer = await run.consumer(run.topic, run.group, '*', run.accept)
      await run.tally.settle(waitMs)
      await sleep(1500)
      await consumer.close()
    }
  },
}

async function execute(name, namesrv, prefix, count) {
  const startedMs = Date.now()
  const run = new Run(namesrv, `${prefix}-${name}`, count)
  try {
    if (!Object.hasOwn(scenarios, name))
      throw new Error(`unknown scenario ${name}, known: ${Object.keys(scenarios).join(' ')}`)
    await scenarios[name](run)
  } catch (error) {
    run.tally.check(false, String(error))
  }
  const row = run.tally.result(name, startedMs)
  console.log(JSON.stringify(row))
  await run.close()
  return row.ok
}

// The client leaves timers and rejected long polls behind when it is closed; they say nothing about the scenario.
process.on('unhandledRejection', () => {})
const [namesrv, prefix, count, ...names] = process.argv.slice(2)
if (names.length === 0) {
  console.error(
    `usage: node client.mjs NAMESRV PREFIX COUNT scenario...   scenarios: ${Object.keys(scenarios).join(' ')}`,
  )
  process.exit(2)
}
const rows = await Promise.all(names.map((name) => execute(name, namesrv, prefix, Number(count))))
process.exit(rows.every(Boolean) ? 0 : 1)
