import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Programs } from '../../plan/plan.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { apacheJar, javaProgram } from './apache-launch.ts'
import { engineBin, launcherNames } from './node-launch.ts'

/** What is not there of the programs that run a node, and what to do; undefined when it can be started. */
export function missingProgram(
  { engine, kind }: Pick<PlanNode, 'engine' | 'kind'>,
  programs: Programs,
): string | undefined {
  return engine === 'apache' ? (missingJar(kind, programs) ?? missingJava()) : missingLauncher(kind, programs)
}

function missingLauncher(kind: PlanNode['kind'], { runtimeBin = engineBin }: Programs): string | undefined {
  const path = join(runtimeBin, launcherNames[kind])
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const where = 'platform.process.runtimeBin (--runtime-bin) names a folder with mqnamesrv and mqbroker'
    return `there is no executable ${path} (${code}): ${where}`
  }
}

function missingJar(kind: PlanNode['kind'], { apacheHome = '' }: Programs): string | undefined {
  const lib = join(apacheHome, 'lib')
  const jar = apacheJar(kind)
  const names = existsSync(lib) ? readdirSync(lib) : []
  if (names.some((name) => name.startsWith(jar) && name.endsWith('.jar'))) return undefined
  return `there is no ${join(lib, jar)}*.jar: platform.process.apacheHome names the folder of a release of Apache RocketMQ 5, the one with lib/`
}

function missingJava(): string | undefined {
  const java = javaProgram()
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (java !== 'java' ? existsSync(java) : folders.some((folder) => existsSync(join(folder, java)))) return undefined
  const looked = java === 'java' ? 'no java on PATH' : `no ${java} (JAVA_HOME)`
  return `there is ${looked}: engine: apache needs Java 11 or newer. Install one, or set JAVA_HOME or PATH`
}
