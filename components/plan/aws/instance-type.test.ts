import { expect, it } from 'vitest'
import { architectureOf, instanceTypePattern, isXen } from './instance-type.ts'

it('tells Graviton by its mark, not by a g in the family', () => {
  const arm64 = [
    't4g.small',
    'm7g.large',
    'c7gn.4xlarge',
    'im4gn.large',
    'is4gen.xlarge',
    'x2gd.medium',
    'r8gd.metal-24xl',
    'a1.large',
  ]
  const x64 = [
    'm7i.large',
    'c7a.xlarge',
    'i7ie.2xlarge',
    'm8i-flex.large',
    'g6.xlarge',
    'u-6tb1.metal',
    'u7i-12tb.224xlarge',
    'x2iedn.xlarge',
  ]
  for (const type of arm64) expect(architectureOf(type), type).toBe('arm64')
  for (const type of x64) expect(architectureOf(type), type).toBe('x64')
  for (const type of [...arm64, ...x64]) expect(instanceTypePattern.test(type) && !isXen(type), type).toBe(true)
})

it('knows what is no instance type, and what is too old', () => {
  for (const type of ['', 'large', 'm7g', 'm7g.', 'M7G.large', 'm.large', '7g.large']) {
    expect(instanceTypePattern.test(type), type).toBe(false)
  }
  for (const type of ['t2.micro', 'm4.large', 'i3.xlarge', 'x1e.32xlarge']) expect(isXen(type), type).toBe(true)
})
