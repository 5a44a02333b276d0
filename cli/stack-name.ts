import { basename } from 'node:path'

export const stackFilePattern = /^Pulumi\.(.+)\.ya?ml$/

/** What a stack is called: `dev` for `dev`, `Pulumi.dev.yaml` and `some/dev.yaml`. */
export function stackNameOf(stack: string): string {
  const file = basename(stack)
  return stackFilePattern.exec(file)?.[1] ?? file.replace(/\.ya?ml$/, '')
}
