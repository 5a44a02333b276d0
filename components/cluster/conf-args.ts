import * as pulumi from '@pulumi/pulumi'
import { keyProblem } from '../plan/checks/check-conf-overrides.ts'
import type { ConfFile } from '../plan/checks/conf-files.ts'
import { ConfigError, type ConfigPath } from '../plan/config-problem.ts'

/** Further keys of a conf file as arguments have them: texts, or outputs for secrets and for what only the run can tell. */
export type ConfArgs = Readonly<Record<string, pulumi.Input<string>>>
type Texts = Readonly<Record<string, string>>

/** Those arguments, apart: texts can be checked and planned at once. */
export interface ConfParts<T = Texts> {
  readonly plain: T
  /** All of it, as soon as it is known; a secret when one of the values is. Undefined when there are only texts. */
  readonly whole?: pulumi.Output<T>
}

/** @throws ConfigError for a key that must not be set, whatever its value will be. */
export function confParts(config: ConfArgs = {}, path: ConfigPath, file: ConfFile): ConfParts {
  const entries = Object.entries(config)
  const isText = (entry: [string, pulumi.Input<string>]): entry is [string, string] => typeof entry[1] === 'string'
  const plain = Object.fromEntries(entries.filter(isText))
  const later = entries.filter((entry) => !isText(entry))
  if (later.length === 0) return { plain }
  const problems = later.flatMap(([name]) => keyProblem(name, undefined, path, file) ?? [])
  if (problems.length > 0) throw new ConfigError(problems)
  return { plain, whole: pulumi.all(config) }
}

/** The conf of two files as one. */
export const bothParts = (a: ConfParts, b: ConfParts): ConfParts<[Texts, Texts]> => {
  const plain: [Texts, Texts] = [a.plain, b.plain]
  if (a.whole === undefined && b.whole === undefined) return { plain }
  return { plain, whole: pulumi.all([a.whole ?? a.plain, b.whole ?? b.plain]) as pulumi.Output<[Texts, Texts]> }
}

/** The nodes that `plan` makes of the conf; `places` are the same ones as far as texts tell. */
export function plannedNodes<N, T>(
  { whole }: ConfParts<T>,
  places: readonly N[],
  plan: (conf: T) => readonly N[],
): readonly pulumi.Input<N>[] {
  if (whole === undefined) return places
  const nodes = whole.apply((conf) => plan(conf as T))
  return places.map((place, index) => nodes.apply((list) => (list as readonly N[])[index] ?? place) as pulumi.Output<N>)
}
