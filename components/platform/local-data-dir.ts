import { join } from 'node:path'
import { getRootDirectory, getStack } from '@pulumi/pulumi'
import type { PlatformArgs } from '../cluster/platform-args.ts'

/** Where nodes on this machine keep their files: the folder `gantry up <stack>` uses, unless another one is given. */
export const localDataDirOf = ({ process }: PlatformArgs = {}): string =>
  process?.localDataDir ?? join(getRootDirectory(), '.gantry', getStack())
