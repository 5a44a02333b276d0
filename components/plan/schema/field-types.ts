import { z } from 'zod'

/* Kinds of values that several parts of the config have. */

/** Names that become part of node ids, file names and metric labels. */
export const identifier = (what: string, lengthMax: number) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
      error: `is no ${what}\nStart with a letter or digit and use only letters, digits, "_", "-" and ".".`,
    })

/** RocketMQ's rule for topics and groups (TopicValidator): these characters, and a length limit. */
export const topicOrGroupName = (what: string, lengthMax: number) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .regex(/^[%|a-zA-Z0-9_-]+$/, { error: `is no ${what}\nUse only letters, digits, "_", "-", "%" and "|".` })

export const address = z.string().regex(/^[A-Za-z0-9.-]+$|^[0-9A-Fa-f:]+$/, {
  error: 'is no address\nGive an IP address or a DNS name, without port.',
})

export const folder = z.string().regex(/^\//, {
  error: 'is no absolute path\nGive a path that starts with "/".',
})

const confValue = z.union([z.string(), z.number(), z.boolean()])
export const confOverrides = (file: string) =>
  z.record(z.string(), confValue).default({}).describe(`Further keys of ${file}.`)

export const port = z.int().min(1).max(65535)

/** Who runs a node: this project's engine, or the official Apache RocketMQ. */
export const engine = z.enum(['gantry', 'apache'])
