import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fetchApache } from '../compat/toolchain.ts'

const jars = process.env['GANTRY_RMQ_LIB'] ?? join(import.meta.dirname, '../compat/reference/lib')

/** A folder laid out like an unpacked release of Apache RocketMQ, as far as its servers need one: the jars in lib/. */
export async function makeApacheHome(folder: string): Promise<string> {
  await fetchApache()
  mkdirSync(folder, { recursive: true })
  const lib = join(folder, 'lib')
  if (!existsSync(lib)) symlinkSync(jars, lib)
  return folder
}
