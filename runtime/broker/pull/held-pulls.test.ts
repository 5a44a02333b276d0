import { expect, test } from 'vitest'
import type { Channel } from '../../net/channel.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { HeldPulls } from './held-pulls.ts'
import { PullTask } from './pull-task.ts'

function taskOn(channel: { isOpen: boolean }): PullTask {
  const task = new PullTask()
  task.channel = channel as Channel
  return task
}

test('a pull held after the one before it lost its connection is woken and counted like any other', () => {
  const queue = { id: 7, maxOffset: 0, isRemoved: false }
  const served: PullTask[] = []
  const held = new HeldPulls(
    10,
    (task) => served.push(task),
    () => true,
  )
  const lost = { isOpen: true }
  held.hold(taskOn(lost), queue as ConsumeQueue, 1000)
  lost.isOpen = false
  held.sweep(500)
  const next = taskOn({ isOpen: true })
  held.hold(next, queue as ConsumeQueue, 2000)
  held.wake()
  queue.maxOffset = 1
  held.touch(queue as ConsumeQueue)
  held.wake()
  expect(served).toEqual([next])
  expect(held.count).toBe(0)
})
