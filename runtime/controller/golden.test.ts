import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LoneController } from './testing/lone-controller.ts'

/*
 * The conversation with a real controller (golden/README.md), said to ours. Every answer is the same but for those named
 * in DIFFERENT, and for the epochs after the group was left without a master: the original counts the master epoch up
 * three times, once for each vain attempt, ours once.
 */

type Fields = Record<string, string>
interface Answer {
  readonly code: number
  readonly remark: string | null
  readonly fields: Fields
  readonly body?: string
}
interface Step {
  readonly controller?: string
  readonly peers?: string
  readonly leads?: boolean
  readonly on?: string
  readonly code?: number
  readonly fields?: Fields
  readonly body?: string
  readonly answer?: Answer
  readonly close?: string
  readonly notified?: readonly { readonly to: string; readonly fields: Fields; readonly body: string }[]
}

const steps = readFileSync(new URL('golden/exchanges.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Step)
const second = steps.findIndex((step, index) => index > 0 && step.controller !== undefined)

const recordedLeader = steps[second + 1]!.answer!.fields['controllerLeaderAddress']!

/** What ours answers instead, by the code and fields of the request. */
function different({ code, body, answer }: Step): Answer | undefined {
  if (answer!.code === 1 && answer!.remark?.includes('NullPointerException')) {
    // A field that is missing is named.
    return { code: 1, remark: 'the custom field <brokerName> is null', fields: {} }
  }
  if (code === 1010) return undefined
  if (code === 1009 && body === 'configStorePath=/x\n') {
    return { ...answer!, remark: 'Can not update config in black list: configStorePath' }
  }
  if (code === 1002 && answer!.fields['masterEpoch'] === '7') {
    // Ours has elected the only member of the SyncStateSet as soon as it was heard of again.
    const remark = 'The old master 3 is still alive, not need to elect new master for broker broker-a'
    return { code: 2011, remark, fields: answer!.fields, body: '{"syncStateSet":[3]}' }
  }
  if (code === 1002 && answer!.body !== undefined) {
    // Ids as keys stand in quotes: see encodeElectMasterBody.
    return { ...answer!, body: answer!.body.replaceAll(/(?<=[{,])\d+(?=:)/g, '"$&"') }
  }
  if (answer!.code === 2007) {
    // The leader's address saves clients that know the field a question.
    return { ...answer!, fields: { controllerLeaderAddress: recordedLeader } }
  }
  return answer
}

/** The master epoch of ours where the original has 7. */
function renumbered(text: string): string {
  return text.replaceAll(/(?<=masterEpoch\\?":\\?"?)7/g, '5')
}

async function say(lone: LoneController, step: Step): Promise<void> {
  const { on, code, fields, body } = step
  const answer = await lone.ask(on!, {
    code: code!,
    fields: fields!,
    body: body === undefined ? undefined : Buffer.from(body),
  })
  const expected = different(step)
  if (expected === undefined) return
  const seen = {
    code: answer.code,
    remark: answer.remark ?? null,
    fields: answer.fields,
    ...(answer.body ? { body: answer.body.toString() } : {}),
  }
  expect(seen, `${on} ${code} ${JSON.stringify(fields)} ${body ?? ''}`).toEqual(
    JSON.parse(renumbered(JSON.stringify(expected))),
  )
}

test('the leader answers and notifies as the official one', async () => {
  const lone = new LoneController(steps[0]!.peers)
  await lone.start()
  // The recorded one had been up for so long that it knew whom it does not hear of.
  await lone.advance(20_000, 20_000)
  const addresses = new Set<string>()
  for (const { code, fields } of steps.slice(0, second)) {
    if (code === 1013) addresses.add(fields!['registerCheckCode']!.split(';')[0]!)
  }
  addresses.delete('127.0.0.1:1')
  for (const address of addresses) await lone.listen(address)
  for (const step of steps.slice(1, second)) {
    if (step.close !== undefined) await lone.close(step.close)
    else if (step.notified) {
      const seen = lone.notices.splice(0).sort((a, b) => a.to.localeCompare(b.to))
      const expected = step.notified.map(({ to, fields, body }) => ({ to, fields, body }))
      expect(seen).toEqual(JSON.parse(renumbered(JSON.stringify(expected))))
    } else await say(lone, step)
  }
})

test('who does not lead answers as the official follower', async () => {
  const { peers, controller } = steps[second]!
  const leader = steps[second + 1]!.answer!.fields['controllerLeaderId']!
  // The follower that was recorded is ours.
  const self = peers!
    .split(';')
    .find((peer) => peer.endsWith(controller!))!
    .split('-')[0]!
  const swapped = (text: string) => text.replaceAll('n0', '#').replaceAll(self, 'n0').replaceAll('#', self)
  const lone = new LoneController(swapped(peers!))
  await lone.start()
  lone.consensus.lead(swapped(leader))
  for (const step of steps.slice(second + 1)) await say(lone, JSON.parse(swapped(JSON.stringify(step))) as Step)
})
