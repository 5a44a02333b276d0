import { RealClock } from '../../../runtime/io/real-clock.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import type { EngineClient } from './engine/engine-client.ts'
import { asideSuffix, nodeLabel } from './leftover-containers.ts'

/*
 * When a group gets another replica, later slaves of the Docker host move to other ports, and the new one gets a port that one of
 * them still has: it waits until that one has moved.
 */

interface ListedContainer {
  readonly Names: readonly string[]
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Ports: readonly { readonly PublicPort?: number }[]
}

const pollMs = 200

/**
 * @param container the node's own, which does not count
 * @throws Error when a node still has one of the ports at the end of that time. Whoever else has one is told of by Docker itself.
 */
export async function untilPortsFree(
  engine: Pick<EngineClient, 'ask'>,
  container: string,
  { id, ports }: Pick<PlanNode, 'id' | 'ports'>,
  timeoutMs: number,
  clock: Pick<RealClock, 'monotonic' | 'after'> = new RealClock(),
): Promise<void> {
  const wanted = new Set(ports.map(({ port }) => port))
  const deadlineMs = clock.monotonic() + timeoutMs
  for (;;) {
    const running = await engine.ask<ListedContainer[]>('GET', '/containers/json')
    const others = running.filter(({ Names, Labels }) => {
      return (
        Labels?.[nodeLabel] !== undefined &&
        !Names.some((name) => name === `/${container}` || name.startsWith(`/${container}${asideSuffix}-`))
      )
    })
    const taken = others.flatMap(({ Names, Ports }) =>
      Ports.flatMap(({ PublicPort = 0 }) =>
        wanted.has(PublicPort) ? [`${Names[0]?.slice(1)} has ${PublicPort}`] : [],
      ),
    )
    if (taken.length === 0) return
    if (clock.monotonic() >= deadlineMs) {
      throw new Error(
        `${id} waited ${timeoutMs / 1000} s for its ports: ${[...new Set(taken)].join(', ')}. A node that is to go, goes last: take the last replica or group of the list away, or give groups hosts of their own`,
      )
    }
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve))
  }
}
