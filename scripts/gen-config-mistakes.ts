/** Writes docs/reference/config-mistakes.md. Run it after changing a check or its example: node scripts/gen-config-mistakes.ts */
import { writeFileSync } from 'node:fs'
import { configMistakesPage } from '../components/plan/testing/config-mistakes-page.ts'

writeFileSync(new URL('../docs/reference/config-mistakes.md', import.meta.url), configMistakesPage())
