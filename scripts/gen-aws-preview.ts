/* Writes docs/aws-prod-preview.md: what a preview of the stack aws-prod shows. */
import { writeFileSync } from 'node:fs'
import { previewPage } from '../components/platform/aws/testing/preview-page.ts'
import { previewStack } from '../components/platform/aws/testing/stack-preview.ts'

const stack = 'aws-prod'
const page = previewPage(stack, await previewStack(stack))
writeFileSync(new URL(`../docs/${stack}-preview.md`, import.meta.url), page)
