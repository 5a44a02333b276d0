// client.mjs ENDPOINT SCENARIO...: the official gRPC client for Node against a proxy; prints a JSON line for each scenario.
// Topics and groups are those of ../grpc.ts.
import rocketmq from 'rocketmq-client-nodejs'

const { ConsumeResult, Producer, PushConsumer, SimpleConsumer } = rocketmq
const COMMIT = 1
const ROLLBACK = 2
const LIMIT_MS = 60_000

const [endpoints, ...names] = process.argv.slice(2)
const client = { endpoints, namespace: '' }
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Outcome {
  sent = new Set()
  received = new Map()
  faults = []

  receive(body) {
    this.received.set(body, (this.received.get(body) ?? 0) + 1)
  }

  check(holds, fault) {
    if (!holds) this.faults.push(fault)
  }

  get isComplete() {
    return [...this.sent].every((body) => this.received.has(body))
  }

  async awaitAll() {
    const end = Date.now() + LIMIT_MS
    while (!this.isComplete && Date.now() < end) await pause(20)
  }

  row(scenario, ms) {
    const total = [...this.received.values()].reduce((sum, count) => sum + count, 0)
    const lost = [...this.sent].filter((body) => !this.received.has(body)).length
    for (const body of this.received.keys()) this.check(this.sent.has(body), `received what was not to come: ${body}`)
    const ok = this.faults.length === 0 && lost === 0
    const counts = { sent: this.sent.size, received: total, duplicates: total - this.received.size, lost }
    return { scenario, ok, ...counts, ms, faults: this.faults }
  }
}

async function withProducer(options, use) {
  const producer = new Producer({ ...client, ...options })
  await producer.startup()
  await use(producer)
  await producer.shutdown()
}

/** A push consumer and a producer; the consumer is there before the first message. */
async function withBoth(topic, consumerGroup, consume, use, options = {}) {
  const messageListener = { consume: async (message) => consume(message) }
  const consumer = new PushConsumer({
    ...client,
    consumerGroup,
    subscriptions: new Map([[topic, '*']]),
    messageListener,
  })
  await consumer.startup()
  await pause(10_000)
  await withProducer({ topic, ...options }, use)
  await consumer.shutdown()
}

const scenarios = {
  async push(outcome) {
    const consume = (message) => {
      const body = String(message.body)
      if (!body.startsWith('node push ')) return ConsumeResult.SUCCESS
      outcome.receive(body)
      outcome.check(message.tag === 'tag' && message.keys.includes('key'), `tag ${message.tag}, keys ${message.keys}`)
      outcome.check(message.properties.get('own') === body, `properties ${[...message.properties]}`)
      outcome.check(!message.corrupted, 'corrupted')
      return ConsumeResult.SUCCESS
    }
    await withBoth('grpc-normal', 'g-push', consume, async (producer) => {
      for (let i = 0; i < 60; i++) {
        const body = `node push ${i}`
        outcome.sent.add(body)
        const properties = new Map([['own', body]])
        await producer.send({ topic: 'grpc-normal', body: Buffer.from(body), tag: 'tag', keys: ['key'], properties })
      }
      await outcome.awaitAll()
    })
  },

  async fifo(outcome) {
    const orders = new Map()
    const consume = (message) => {
      const body = String(message.body)
      if (!body.startsWith('node fifo ')) return ConsumeResult.SUCCESS
      outcome.receive(body)
      orders.set(message.messageGroup, [...(orders.get(message.messageGroup) ?? []), Number(body.split(' ').at(-1))])
      return ConsumeResult.SUCCESS
    }
    await withBoth('grpc-fifo', 'g-fifo', consume, async (producer) => {
      for (let i = 0; i < 20; i++) {
        for (const messageGroup of ['a', 'b', 'c']) {
          const body = `node fifo ${messageGroup} ${i}`
          outcome.sent.add(body)
          await producer.send({ topic: 'grpc-fifo', body: Buffer.from(body), messageGroup })
        }
      }
      await outcome.awaitAll()
      for (const [group, order] of orders) {
        outcome.check(
          order.every((number, i) => i === 0 || order[i - 1] < number),
          `order of ${group}: ${order}`,
        )
      }
    })
  },

  async delay(outcome) {
    const consume = (message) => {
      const body = String(message.body)
      if (!body.startsWith('node delay ')) return ConsumeResult.SUCCESS
      outcome.receive(body)
      const lateMs = Date.now() - (message.deliveryTimestamp?.getTime() ?? 0)
      outcome.check(lateMs > -1100 && lateMs < 20_000, `late by ${lateMs} ms`)
      return ConsumeResult.SUCCESS
    }
    await withBoth('grpc-delay', 'g-delay', consume, async (producer) => {
      for (let i = 0; i < 6; i++) {
        const body = `node delay ${i}`
        const deliveryTimestamp = new Date(Date.now() + 4000 + 300 * i)
        const receipt = await producer.send({ topic: 'grpc-delay', body: Buffer.from(body), deliveryTimestamp })
        if (i % 3 === 2) await producer.recallMessage('grpc-delay', receipt.recallHandle)
        else outcome.sent.add(body)
      }
      await outcome.awaitAll()
      await pause(2000)
    })
  },

  async transaction(outcome) {
    const consume = (message) => {
      const body = String(message.body)
      if (body.startsWith('node transaction ')) outcome.receive(body)
      return ConsumeResult.SUCCESS
    }
    const number = (message) => Number(String(message.body).split(' ').at(-1))
    const checker = { check: async (message) => (number(message) % 2 === 0 ? COMMIT : ROLLBACK) }
    const use = async (producer) => {
      for (let i = 0; i < 12; i++) {
        const body = `node transaction ${i}`
        if (i % 2 === 0) outcome.sent.add(body)
        const transaction = producer.beginTransaction()
        await producer.send({ topic: 'grpc-transaction', body: Buffer.from(body) }, transaction)
        // The last ones are left to be asked for.
        if (i < 8) await (i % 2 === 0 ? transaction.commit() : transaction.rollback())
      }
      await outcome.awaitAll()
      await pause(1000)
    }
    await withBoth('grpc-transaction', 'g-transaction', consume, use, { checker })
  },

  async retry(outcome) {
    const attempts = new Map()
    const consume = (message) => {
      const body = String(message.body)
      if (!body.startsWith('node retry ')) return ConsumeResult.SUCCESS
      attempts.set(body, (attempts.get(body) ?? 0) + 1)
      outcome.check(message.deliveryAttempt === attempts.get(body), `${body}: attempt ${message.deliveryAttempt}`)
      if (attempts.get(body) === 1) return ConsumeResult.FAILURE
      outcome.receive(body)
      return ConsumeResult.SUCCESS
    }
    await withBoth('grpc-normal', 'g-retry', consume, async (producer) => {
      for (let i = 0; i < 5; i++) {
        outcome.sent.add(`node retry ${i}`)
        await producer.send({ topic: 'grpc-normal', body: Buffer.from(`node retry ${i}`) })
      }
      await outcome.awaitAll()
    })
  },

  async simple(outcome) {
    const subscriptions = new Map([['grpc-normal', '*']])
    const consumer = new SimpleConsumer({ ...client, consumerGroup: 'g-simple', subscriptions, awaitDuration: 5000 })
    await consumer.startup()
    for (const message of await consumer.receive(16, 15_000)) await consumer.ack(message)
    await withProducer({ topic: 'grpc-normal' }, async (producer) => {
      for (let i = 0; i < 12; i++) {
        outcome.sent.add(`node simple ${i}`)
        await producer.send({ topic: 'grpc-normal', body: Buffer.from(`node simple ${i}`) })
      }
      const postponed = new Set()
      const end = Date.now() + LIMIT_MS
      while (!outcome.isComplete && Date.now() < end) {
        for (const message of await consumer.receive(16, 10_000)) {
          const body = String(message.body)
          // A third is put off once.
          if (body.startsWith('node simple ') && Number(body.split(' ').at(-1)) % 3 === 1 && !postponed.has(body)) {
            postponed.add(body)
            await consumer.changeInvisibleDuration(message, 3000)
            continue
          }
          await consumer.ack(message)
          if (body.startsWith('node simple ')) outcome.receive(body)
        }
      }
    })
    await consumer.shutdown()
  },
}

// The client writes to its log after closing it.
process.on('uncaughtException', (error) => {
  if (!String(error).includes('log stream had been closed')) throw error
})
for (const name of names) {
  const outcome = new Outcome()
  const startMs = Date.now()
  try {
    await scenarios[name](outcome)
  } catch (error) {
    if (!String(error).includes('log stream had been closed')) outcome.faults.push(String(error))
  }
  console.log(JSON.stringify(outcome.row(name, Date.now() - startMs)))
}
process.exit(0)
