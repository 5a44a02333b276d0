import type { Scenario } from './scenario.ts'

export interface ScenarioEntry {
  readonly name: string
  /** Folder of the Pulumi project in the repository, and the stack. */
  readonly program: string
  readonly stack: string
  /** Free ports from here on. */
  readonly configure: (scenario: Scenario, basePort: number) => void
  /** Where the nodes' folders are, below those of the stack. */
  readonly dataDir?: string
  readonly needsInterrupts?: boolean
  /** Gets a Docker engine of its own, with the images on it. */
  readonly needsDocker?: boolean
  /** Needs nothing of Apache's on it. */
  readonly isWithoutJava?: boolean
  /** What the gate has no time for, since others of its scenarios do nearly the same: left out with --ci. */
  readonly isBeyondCi?: boolean
  /** Its provider is a stand-in that only the small engine has. */
  readonly needsStandIns?: boolean
  readonly run: (scenario: Scenario) => Promise<void>
}
