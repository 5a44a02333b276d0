import { resolve } from 'node:path'
import { decodeProperties } from '../config/properties-file.ts'
import { RealDisk } from '../io/real-disk.ts'
import { cannotStart } from './run-server.ts'

/** The text of the conf file that a program was given; '' without one. Ends the program when it cannot be read. */
export function readConfText(name: string, file: string | undefined): string {
  if (file === undefined) return ''
  try {
    return decodeProperties(new RealDisk().readFile(resolve(file)))
  } catch (error) {
    return cannotStart(name, `cannot read the conf file: ${(error as Error).message}`)
  }
}
