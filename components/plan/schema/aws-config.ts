import { z } from 'zod'

/** What stands under `platform.aws`. */
export const awsSchema = z.strictObject({})
