import { z } from 'zod'

/** What stands under `platform.docker`. */
export const dockerSchema = z.strictObject({})
