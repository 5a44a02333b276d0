import type { ScenarioName } from '../scenarios/shape.ts'

/** A mistake made on purpose in the real code, which the simulation must find. */
export interface PlantedBug {
  readonly name: string
  /** Below runtime/. */
  readonly file: string
  /** Stands there exactly once. */
  readonly right: string
  readonly wrong: string
  /** Where it can show itself. */
  readonly scenario: ScenarioName
  /** Found within so many seeds from 1 on. */
  readonly seeds: number
}
