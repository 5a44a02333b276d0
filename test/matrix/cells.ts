import type { ServerEngine } from '../compat/server.ts'
import type { Behaviour } from './cell.ts'
import { type Conf, classicRole, controllerRole } from './conf.ts'
import { Side } from './side.ts'

export interface Row {
  readonly key: string
  readonly title: string
  readonly engine: ServerEngine
  conf(side: Side): (index: number) => Conf
}

export interface Column {
  readonly key: string
  readonly title: string
  layOut(dir: string): Promise<Side>
  /** What a kill of the master brings, by the key of the row. */
  readonly expected: Readonly<Partial<Record<string, Behaviour>>>
}

const OLD: ServerEngine = 'apache-4.9'

/** Old is Apache RocketMQ 4.9: the line before controller mode. New is ours. */
export const rows: readonly Row[] = [
  { key: 'old', title: 'old broker', engine: OLD, conf: () => classicRole },
  {
    key: 'on',
    title: 'new broker, enableControllerMode=true',
    engine: 'gantry',
    conf: (side) => () => controllerRole(side.controllerAddr),
  },
  { key: 'off', title: 'new broker, enableControllerMode=false', engine: 'gantry', conf: () => classicRole },
]

export const columns: readonly Column[] = [
  {
    key: 'a',
    title: 'old NameServer',
    layOut: (dir) => Side.withoutController(dir, 'a', OLD),
    expected: { old: 'stays', on: 'offline', off: 'stays' },
  },
  {
    key: 'b',
    title: 'old NameServer + standalone controller',
    layOut: (dir) => Side.withStandalone(dir, 'b', OLD, 'gantry'),
    expected: { old: 'stays', on: 'switches', off: 'stays' },
  },
  {
    key: 'c',
    title: 'new NameServer, controller on',
    layOut: (dir) => Side.withEmbedded(dir, 'c'),
    expected: { old: 'stays', on: 'switches', off: 'stays' },
  },
  {
    key: 'd',
    title: 'new NameServer, controller off',
    layOut: (dir) => Side.withoutController(dir, 'd', 'gantry'),
    expected: { old: 'stays', on: 'offline', off: 'stays' },
  },
  // Beyond the documented twelve: the official controller in the place of ours.
  {
    key: 'e',
    title: 'old NameServer + standalone Apache 5.5 controller',
    layOut: (dir) => Side.withStandalone(dir, 'e', OLD, 'apache'),
    expected: { on: 'switches' },
  },
]
