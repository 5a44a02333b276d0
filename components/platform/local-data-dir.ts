import { join } from 'node:path'
import { getRootDirectory, getStack } from '@pulumi/pulumi'
import type { PlatformArgs } from '../cluster/platform-args.ts'

/**
 * The project's folder. A program in another Pulumi language runs components in a process of their own, which is not told
 * but started there.
 */
const projectFolder = (): string => getRootDirectory() || process.cwd()

/** Where nodes on this machine keep their files: the folder `gantry up <stack>` uses, unless another one is given. */
export const localDataDirOf = (args: PlatformArgs = {}): string =>
  args.process?.localDataDir ?? join(projectFolder(), '.gantry', getStack())
