import type { Architecture } from '../architecture.ts'

/** `m7g.large`, `c7gn.4xlarge`, `u-6tb1.metal`: family, a number for its generation, marks, and a size. */
export const instanceTypePattern = /^([a-z]+(?:-\d+tb)?)(\d+)([a-z0-9-]*)\.([a-z0-9-]+)$/

/** Instances on the Xen hypervisor: their volumes are no NVMe devices, which carry the volume's id and are found by it. */
const xenFamilies = /^(t1|t2|m1|m2|m3|m4|c1|c3|c4|r3|r4|i2|i3|d2|h1|g2|g3s?|p2|p3|x1e?|f1)$/

export const isXen = (instanceType: string): boolean => xenFamilies.test(instanceType.split('.')[0] ?? '')

/** Graviton instances have a g among the marks after the generation: m7g, c7gn, im4gn; g5 is a family of GPUs. */
export function architectureOf(instanceType: string): Architecture {
  const [, family = '', , marks = ''] = instanceTypePattern.exec(instanceType) ?? []
  return marks.includes('g') || family === 'a' ? 'arm64' : 'x64'
}
