/** Local time as yyyyMMddHHmmssSSS; a later number if the clock went back, for files are read in the order of names. */
export function nameAfter(lastPath: string | undefined, nowMs: number): string {
  const at = new Date(nowMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const name =
    `${String(at.getFullYear()).padStart(4, '0')}${two(at.getMonth() + 1)}${two(at.getDate())}` +
    `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}${String(at.getMilliseconds()).padStart(3, '0')}`
  const last = lastPath?.slice(lastPath.lastIndexOf('/') + 1)
  return last !== undefined && name <= last ? String(BigInt(last) + 1n) : name
}
