import { z } from 'zod'
import { confOverrides } from './field-types.ts'

/** What stands under `proxies`: proxies in cluster mode, a fleet of its own beside the brokers. */
export const proxiesSchema = z.strictObject({
  replicas: z
    .union([z.int().min(1).max(64), z.array(z.string()).min(1).max(64)])
    .default(1)
    .describe('How many proxies, spread over the hosts, or the names of the hosts to run one each.'),
  config: confOverrides('rmq-proxy.json for all proxies'),
})
