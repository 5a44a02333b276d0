import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminError } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'

/*
 * When routes changed, and where a broker was: what clients may still go by, and nobody can see from the cluster. An update
 * that is cut short knows it no more, and the next one may come from another machine. So it is kept where routes are, in the
 * key-value configuration of the NameServers, which both engines write to disk:
 *
 *   namespace GANTRY_ROLLOUT, key <cluster>/<kind>/<subject>, value <ms since 1970> <what>
 */

/**
 * `handedOver`: a broker (`host:port`) gave the role of master away. `resumed`: a group takes writes again. `vacated`: a broker
 * left a place (`host:port`), and of which group it was.
 */
export type RouteNoteKind = 'handedOver' | 'resumed' | 'vacated'

export interface RouteNote {
  /** ms since 1970 by the clock of whoever wrote it. */
  readonly atMs: number
  /** The group it is about. */
  readonly group: string
}

const namespace = 'GANTRY_ROLLOUT'
const valuePattern = /^(\d+) (.+)$/

const keyOf = ({ name }: LiveCluster, kind: RouteNoteKind, subject: string): string => `${name}/${kind}/${subject}`

/**
 * Writes down that something is as it is from now on, with every NameServer that answers. One that does not take it is no reason
 * to stop: it only counts when an update is cut short.
 */
export async function writeNote(
  cluster: LiveCluster,
  kind: RouteNoteKind,
  subject: string,
  group: string,
): Promise<void> {
  const value = `${cluster.clock.now()} ${group}`
  const fields = { namespace, key: keyOf(cluster, kind, subject), value }
  await ofEach(cluster, (nameServer) => cluster.asker.ask(nameServer, { code: RequestCode.PUT_KV_CONFIG, fields }))
}

/** The newest one that a NameServer has; undefined without any. */
export async function readNote(
  cluster: LiveCluster,
  kind: RouteNoteKind,
  subject: string,
): Promise<RouteNote | undefined> {
  const fields = { namespace, key: keyOf(cluster, kind, subject) }
  const notes: RouteNote[] = []
  await ofEach(cluster, async (nameServer) => {
    const answer = await cluster.asker.ask(nameServer, { code: RequestCode.GET_KV_CONFIG, fields })
    const [, atMs, group] = valuePattern.exec(String(answer.fields['value'] ?? '')) ?? []
    if (atMs !== undefined && group !== undefined) notes.push({ atMs: Number(atMs), group })
  })
  return notes.sort((a, b) => b.atMs - a.atMs)[0]
}

/** Nothing has to be waited for any more. */
export async function eraseNote(cluster: LiveCluster, kind: RouteNoteKind, subject: string): Promise<void> {
  const fields = { namespace, key: keyOf(cluster, kind, subject) }
  await ofEach(cluster, (nameServer) => cluster.asker.ask(nameServer, { code: RequestCode.DELETE_KV_CONFIG, fields }))
}

async function ofEach({ nameServers, tell }: LiveCluster, ask: (nameServer: string) => Promise<unknown>) {
  await Promise.all(
    nameServers.map(async (nameServer) => {
      try {
        await ask(nameServer)
      } catch (error) {
        if (error instanceof AdminError && error.code === ResponseCode.QUERY_NOT_FOUND) return
        if (!(error instanceof AdminError || error instanceof InvocationError)) throw error
        tell?.(`NameServer ${nameServer} keeps no note of routes: ${error.message}`)
      }
    }),
  )
}
