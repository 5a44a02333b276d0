import type { Driver } from './driver.ts'
import type { Report } from './report.ts'
import type { Engine } from './server.ts'

/** What every part of the suite is given. */
export type Setting = {
  /** The engine under test. The other side of an interop check is always Apache. */
  engine: Engine
  dir: string
  report: Report
  /** Speaks with JSON headers. */
  driver: Driver
  /** Speaks with binary headers; started on first use. */
  binaryDriver: () => Driver
  /** Of what takes long, as much as shows that it works. */
  brief: boolean
  /** True when a part or scenario of this name is to run. */
  wanted: (name: string) => boolean
}
