import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parse } from 'yaml'

/** What Pulumi.yaml and a stack's file say. */
export interface Project {
  readonly name: string
  readonly stack: string
  /** Folder of Pulumi.yaml. */
  readonly root: string
  /** Folder and file of the program: it runs in its own folder, which need not be the root. */
  readonly programFolder: string
  readonly programFile: string
  /** `namespace:key` to text, structured values as JSON: the form programs and providers are given. */
  readonly config: Readonly<Record<string, string>>
}

interface ProjectFile {
  readonly name: string
  readonly main: string
  readonly stackConfigDir?: string
}

export function readProject(root: string, stack: string): Project {
  const project = parse(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')) as ProjectFile
  const stackFile = join(root, project.stackConfigDir ?? '.', `Pulumi.${stack}.yaml`)
  const { config = {} } = parse(readFileSync(stackFile, 'utf8')) as { config?: Record<string, unknown> }
  const main = join(root, project.main)
  return {
    name: project.name,
    stack,
    root,
    programFolder: dirname(main),
    programFile: basename(main),
    config: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  }
}
