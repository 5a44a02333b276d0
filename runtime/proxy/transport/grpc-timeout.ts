const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }

/** Milliseconds of a grpc-timeout header; undefined when there is none, or none that makes sense. */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text ?? '')
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2]!]!
}
