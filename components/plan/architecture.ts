/** Processor architectures that the engine's artifact is built for, by Node's names. */
export const architectures = ['x64', 'arm64'] as const
export type Architecture = (typeof architectures)[number]
