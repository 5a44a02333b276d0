import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import type { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { routedMaster } from './group-state.ts'
import { markedSend } from './marked-send.ts'

export const PROBE_TOPIC = 'FailoverProbe'
const PROBE_EVERY_MS = 5
/** A message that was stored before all replicas were there may wait for long: the next one need not. */
const PROBE_TIMEOUT_MS = 200
const GIVE_UP_AFTER_MS = 30_000

export interface Recovery {
  /** Until another broker of the group has stored and acknowledged a message; undefined: not in time. */
  readonly writableMs: number | undefined
  /** Until every NameServer routed to that broker. */
  readonly routedMs: number | undefined
  readonly master: string | undefined
}

interface Watched {
  readonly client: RemotingClient
  readonly group: string
  /** Addresses of the brokers that may become master: all of the group but the one that is gone. */
  readonly candidates: readonly string[]
  readonly nameServers: readonly string[]
}

/** From now on, until another master takes messages and is in every route. */
export async function watchRecovery({ client, group, candidates, nameServers }: Watched): Promise<Recovery> {
  const startedMs = Date.now()
  const passedMs = () => Date.now() - startedMs
  const found = await firstToTake(client, candidates, passedMs)
  if (found === undefined) return { writableMs: undefined, routedMs: undefined, master: undefined }
  const { master, writableMs } = found
  await Promise.all(
    nameServers.map(async (nameServer) => {
      while (passedMs() < GIVE_UP_AFTER_MS) {
        // One that is down or cut off cannot be asked.
        const routed = await routedMaster(client, nameServer, group).catch(() => undefined)
        if (routed === master) return
        await pause()
      }
    }),
  )
  const routedMs = passedMs()
  return { writableMs, routedMs: routedMs < GIVE_UP_AFTER_MS ? routedMs : undefined, master }
}

function firstToTake(
  client: RemotingClient,
  candidates: readonly string[],
  passedMs: () => number,
): Promise<{ master: string; writableMs: number } | undefined> {
  return new Promise((resolve) => {
    let isFound = false
    const watch = async (address: string): Promise<void> => {
      while (!isFound && passedMs() < GIVE_UP_AFTER_MS) {
        if (await takesMessages(client, address)) {
          isFound = true
          resolve({ master: address, writableMs: passedMs() })
        } else await pause()
      }
    }
    void Promise.all(candidates.map(watch)).then(() => resolve(undefined))
  })
}

/** Whether a broker stores a message as a master. */
async function takesMessages(client: RemotingClient, address: string): Promise<boolean> {
  const answer = await client.invoke(address, markedSend(PROBE_TOPIC, 'probe'), PROBE_TIMEOUT_MS).catch(() => undefined)
  return answer?.code === ResponseCode.SUCCESS
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS))
}
