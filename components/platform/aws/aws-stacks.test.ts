import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import { argumentProblems } from '../../testing/argument-problems.ts'
import { previewPage } from './testing/preview-page.ts'
import { previewStack, type StackPreview, secured } from './testing/stack-preview.ts'

const stacks = ['aws-dev', 'aws-prod'] as const
const previews = new Map<string, StackPreview>()

beforeAll(async () => {
  for (const stack of stacks) previews.set(stack, await previewStack(stack))
  previews.set('secured', await previewStack('aws-prod', secured))
}, 240_000)

function previewOf(stack: string): StackPreview {
  const preview = previews.get(stack)
  if (preview === undefined) throw new Error(`${stack} has not been previewed`)
  return preview
}

it.each(stacks)('%s gives every resource inputs that it has', { timeout: 240_000 }, (stack) => {
  const { resources } = previewOf(stack)
  const ofAws = resources.filter(({ type }) => type.startsWith('aws:'))
  const wrong = ofAws.flatMap(({ type, name, inputs }) =>
    argumentProblems(type, inputs).map((problem) => `${name}: ${problem}`),
  )
  expect(wrong).toEqual([])
  const instances = ofAws.filter(({ type }) => type === 'aws:ec2/instance:Instance').map(({ name }) => name)
  const brokers = (group: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${stack}-${group}-${index}`)
  expect(instances.sort()).toEqual(
    stack === 'aws-dev'
      ? [...brokers('broker-a', 2), ...brokers('namesrv', 1)]
      : [...brokers('broker-a', 3), ...brokers('broker-b', 3), ...brokers('controller', 3), ...brokers('namesrv', 3)],
  )
})

it('the preview in docs is that of aws-prod (run: npm run docs)', () => {
  const page = previewPage('aws-prod', previewOf('aws-prod'), previewOf('secured'))
  expect(readFileSync(new URL('../../../docs/aws-prod-preview.md', import.meta.url), 'utf8')).toBe(page)
})

it('aws-prod guards its data: volumes are kept, protected, encrypted and not in the instance', () => {
  const { resources } = previewOf('aws-prod')
  const volumes = resources.filter(({ type }) => type === 'aws:ebs/volume:Volume')
  expect(volumes.length).toBe(12)
  for (const { inputs, options } of volumes) {
    expect(inputs).toMatchObject({ encrypted: true, type: 'gp3' })
    expect(options).toEqual({ protect: true, retainOnDelete: true })
  }
})
