// Records frames signed by Apache RocketMQ's client, and the annotations of its request headers, into runtime/auth/golden:
//   node test/compat/capture-acl.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SIGNED_REQUESTS } from '../../runtime/auth/testing/signed-requests.ts'
import { askAccessOracle } from './access-oracle.ts'
import { fetchApache } from './toolchain.ts'

if (process.env['GANTRY_RMQ_LIB'] === undefined) await fetchApache()
const folder = join(import.meta.dirname, '../../runtime/auth/golden')
mkdirSync(folder, { recursive: true })
const asked = SIGNED_REQUESTS.flatMap((request) => [false, true].map((binary) => ({ request, binary })))
const frames = await askAccessOracle<{ frame: string }>(
  asked.map(({ request, binary }) => ({ op: 'sign', binary, ...request })),
)
const rows = asked.map(({ request, binary }, i) => JSON.stringify({ name: request.name, binary, ...frames[i] }))
writeFileSync(join(folder, 'signed-frames.json'), `[\n${rows.join(',\n')}\n]\n`)
const [annotations] = await askAccessOracle<{ rules: object[] }>([{ op: 'rules' }])
const rules = annotations!.rules.map((rule) => JSON.stringify(rule))
writeFileSync(join(folder, 'annotations.json'), `[\n${rules.join(',\n')}\n]\n`)
console.log(`${rows.length} frames, ${rules.length} annotated headers`)
