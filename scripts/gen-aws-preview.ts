/* Writes docs/aws-prod-preview.md: what a preview of the stack aws-prod shows. */
import { writeFileSync } from 'node:fs'
import { previewPage } from '../components/platform/aws/testing/preview-page.ts'
import { previewStack, secured } from '../components/platform/aws/testing/stack-preview.ts'

const stack = 'aws-prod'
const plain = await previewStack(stack)
const page = previewPage(stack, plain, await previewStack(stack, secured))
writeFileSync(new URL(`../docs/${stack}-preview.md`, import.meta.url), page)
