const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Delays in ms of level 1, 2 and so on, from messageDelayLevel; or the first item that is not a delay. */
export function delayLevelsMs(text: string): readonly number[] | { readonly wrong: string } {
  const delays: number[] = []
  for (const item of text.trim().split(/\s+/)) {
    const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(item) ?? []
    if (amount === undefined || unit === undefined) return { wrong: item }
    delays.push(Number(amount) * UNIT_MS[unit]!)
  }
  return delays
}
