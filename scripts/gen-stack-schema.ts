/* Writes stacks/gantry.schema.json from the zod schema: run after every change of components/plan/schema. */
import { writeFileSync } from 'node:fs'
import { stackJsonSchemaText } from '../components/plan/schema/stack-json-schema.ts'

writeFileSync(new URL('../stacks/gantry.schema.json', import.meta.url), stackJsonSchemaText())
