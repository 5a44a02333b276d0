import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { planCluster } from '../../../plan/plan.ts'
import { parseClusterConfig } from '../../../plan/schema/parse-cluster-config.ts'
import { formerStoreRefusals } from './former-stores.ts'

const dir = mkdtempSync(join(tmpdir(), 'gantry-former-stores-'))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const planOf = (groups: readonly string[]) =>
  planCluster(
    parseClusterConfig({ controllers: { replicas: 1 }, groups: groups.map((name) => ({ name, replicas: 2 })) }),
    { localDataDir: dir },
  )

test('a group with controllers does not come back to the stores it left, unless they are moved away', () => {
  const [one, two] = [planOf(['broker-a']), planOf(['broker-a', 'broker-b'])]
  expect(formerStoreRefusals(one, two)).toEqual([])
  const store = two.nodes.flatMap((node) =>
    node.kind === 'broker' && node.id === 'broker-b-0' ? [node.storePath] : [],
  )
  mkdirSync(store[0]!, { recursive: true })
  writeFileSync(join(store[0]!, 'brokerIdentity'), 'clusterName=DefaultCluster')
  expect(formerStoreRefusals(one, two)).toEqual([
    { path: 'groups[broker-b]', reason: expect.stringContaining('broker-b-0 hold what the group left') },
  ])
  // A group that runs has such files, too.
  expect(formerStoreRefusals(two, two)).toEqual([])
})
