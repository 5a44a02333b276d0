import { z } from 'zod'
import { confOverrides } from './field-types.ts'

/** What stands under `controllers`. Source of the modes: docs/en/controller/deploy.md of RocketMQ. */
export const controllersSchema = z.strictObject({
  mode: z
    .enum(['embedded', 'standalone'])
    .default('embedded')
    .describe('embedded: each in the process of a NameServer. standalone: nodes of their own.'),
  replicas: z
    .union([z.int().min(1).max(9), z.array(z.string()).min(1).max(9)])
    .default(3)
    .describe(
      'How many controllers: odd, for an even one more brings no more safety. embedded: in the first NameServers; standalone: spread over the hosts, or the names of the hosts to run one each.',
    ),
  config: confOverrides('controller.conf for all controllers'),
})
