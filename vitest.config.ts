import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      '{runtime,components,cli,stacks}/**/*.test.ts',
      'test/{sim,e2e,tidy,interaction,failover,rollout,compat}/**/*.test.ts',
      'test/*.test.ts',
    ],
    // Pulumi reads the text of these functions; what vitest makes of their import() cannot be serialized.
    server: { deps: { external: [/\/dynamic\/serialized-provider\.ts$/] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
  },
})
