/** `2026-11-21#12:32:48:702` in local time, as `UtilAll.formatDate` with YYYY_MM_DD_HH_MM_SS_SSS. */
export function timeText(timeMs: number): string {
  const time = new Date(timeMs)
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  const clock = [two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())].join(':')
  return `${day}#${clock}:${String(time.getMilliseconds()).padStart(3, '0')}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
