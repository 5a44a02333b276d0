import { AdminError } from './admin-error.ts'

/*
 * How the official tool words values. Where it shows the order of a hash table, ours is the order of the names or of the
 * message: the same every time.
 */

/** `{a=1, b=2}`, as a Java map prints itself. */
export function javaMap(entries: Iterable<readonly [unknown, unknown]>): string {
  return `{${Array.from(entries, ([key, value]) => `${key}=${value}`).join(', ')}}`
}

/** `2026-11-21 12:51:09,305`, local time. */
export function humanTime(timeMs: number): string {
  const date = new Date(timeMs)
  return `${humanSeconds(timeMs)},${pad(date.getMilliseconds(), 3)}`
}

/** `2026-11-21 12:51:09`, local time. */
export function humanSeconds(timeMs: number): string {
  const date = new Date(timeMs)
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)}`
  return `${day} ${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}`
}

/** `20261121125109305`, local time. */
export function compactTime(timeMs: number): string {
  return humanTime(timeMs).replaceAll(/\D/g, '')
}

const WRITTEN_TIME = /^(\d{4})-(\d{2})-(\d{2})#(\d{2}):(\d{2}):(\d{2}):(\d{1,3})$/

/** Milliseconds from digits or from `yyyy-MM-dd#HH:mm:ss:SSS` in local time. @throws AdminError */
export function parseTime(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text)
  const match = WRITTEN_TIME.exec(text)
  if (!match) {
    throw new AdminError(`"${text}" is no time: give milliseconds since 1970 or yyyy-MM-dd#HH:mm:ss:SSS`)
  }
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millis = 0] = match.slice(1).map(Number)
  return new Date(year, month - 1, day, hour, minute, second, millis).getTime()
}

/** `RW-`: read, write, inherit. */
export function permText(perm: number): string {
  return `${perm & 4 ? 'R' : '-'}${perm & 2 ? 'W' : '-'}${perm & 1 ? 'X' : '-'}`
}

/** The name of a protocol version, an ordinal of MQVersion.Version: V5_5_0 for 513. */
export function versionName(ordinal: number): string {
  versions ??= [...allVersions()]
  return versions[ordinal] ?? 'HIGHER_VERSION'
}

let versions: readonly string[] | undefined

/** The series 3.3 to 3.9 begin with patch 1. */
function* allVersions(): Iterable<string> {
  yield* ['V3_0_0_SNAPSHOT', 'V3_0_0_ALPHA1']
  yield* ['BETA1', 'BETA2', 'BETA3', 'BETA4', 'BETA5'].map((name) => `V3_0_0_${name}`)
  yield* ['BETA6', 'BETA7', 'BETA8', 'BETA9'].flatMap((name) => [`V3_0_0_${name}_SNAPSHOT`, `V3_0_0_${name}`])
  yield 'V3_0_0_FINAL'
  yield* pairs(3, 0, 1, 15)
  for (let minor = 1; minor <= 9; minor++) yield* pairs(3, minor, minor >= 3 ? 1 : 0, 9)
  for (let major = 4; major <= 5; major++) for (let minor = 0; minor <= 9; minor++) yield* pairs(major, minor, 0, 9)
}

function pairs(major: number, minor: number, from: number, to: number): string[] {
  const names: string[] = []
  for (let patch = from; patch <= to; patch++) {
    names.push(`V${major}_${minor}_${patch}_SNAPSHOT`, `V${major}_${minor}_${patch}`)
  }
  return names
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
