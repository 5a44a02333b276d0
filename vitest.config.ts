import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{runtime,components,cli,stacks}/**/*.test.ts', 'test/{sim,e2e,tidy}/**/*.test.ts', 'test/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
  },
})
