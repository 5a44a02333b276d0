import { createRequire } from 'node:module'
import type * as Aws from '@pulumi/aws'

const require = createRequire(import.meta.url)
const packageName = '@pulumi/aws'

/**
 * The package with the resources of AWS. It is loaded when the first of them is made: it is large, takes two tenths of a
 * second, and need not be installed for clusters that are elsewhere.
 */
export function awsSdk(): typeof Aws {
  try {
    return require(packageName) as typeof Aws
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    throw new Error(`platform.aws needs the package ${packageName}: npm install ${packageName}@7`, { cause: error })
  }
}
