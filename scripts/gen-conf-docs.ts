/** Writes docs/reference/*.md from the conf tables. Run it after changing a table: node scripts/gen-conf-docs.ts */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { referencePages } from '../runtime/config/reference.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'reference')
mkdirSync(folder, { recursive: true })
for (const [name, page] of referencePages()) writeFileSync(join(folder, name), page)
