import { styleText } from 'node:util'
import { describeEvent, type SupervisorEvent } from '../components/platform/process/supervisor-event.ts'

const troubles: ReadonlySet<SupervisorEvent['type']> = new Set([
  'leftover',
  'slow',
  'exited',
  'provisionFailed',
  'fileTrouble',
  'killed',
])
const good: ReadonlySet<SupervisorEvent['type']> = new Set(['healthy', 'ready'])

/** A progress line, coloured by whether it is good news. */
export function renderEvent(event: SupervisorEvent): string {
  const line = describeEvent(event)
  if (troubles.has(event.type)) return styleText('yellow', `! ${line}`)
  return good.has(event.type) ? styleText('green', `  ${line}`) : `  ${line}`
}
