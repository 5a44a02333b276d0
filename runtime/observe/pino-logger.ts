import { pino } from 'pino'
import type { Logger } from './logger.ts'

/**
 * JSON lines on standard output, errors serialized with their cause. Written synchronously: nothing is lost when the
 * process dies, and lines are rare.
 */
export function createLogger(service: string, level: string = 'info'): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  )
}
