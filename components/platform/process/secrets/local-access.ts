import { type AccessSecrets, ToolAccess } from '../../../admin/tool-access.ts'
import type { Plan } from '../../../plan/plan.ts'
import { keysIn, readKeyRing } from './key-ring.ts'
import { textOf } from './private-files.ts'
import { readPair, secretFiles } from './secret-files.ts'

/** What the tools of a cluster reach it by while it runs by this plan. */
export function accessSecrets(dataDir: string, { security }: Pick<Plan, 'security'>): AccessSecrets {
  const { tools } = secretFiles(dataDir)
  const ring = security?.accessControl === undefined ? undefined : readKeyRing(dataDir)
  const credentials = ring && keysIn(ring, ring.inUse).admin
  // While nodes do not speak TLS yet there may be some whose ports do not take it.
  const pair = security?.tls?.betweenNodes === true ? readPair(tools) : undefined
  const trusted = textOf(tools.trusted)
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(pair === undefined || trusted === undefined ? {} : { tls: { ...pair, trusted } }),
  }
}

/** The same for whoever asks the nodes of a data dir. */
export const localAccess = (dataDir: string, plan: Pick<Plan, 'security'> | undefined): ToolAccess =>
  new ToolAccess(accessSecrets(dataDir, plan ?? {}))
