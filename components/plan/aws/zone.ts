/** Names of availability zones: a region and a letter, e.g. `eu-central-1a`. */
export const zonePattern = /^([a-z]{2,3}(?:-[a-z]+)+-\d)[a-z]$/

export const regionOfZone = (zone: string): string => {
  const [, region] = zonePattern.exec(zone) ?? []
  if (region === undefined) throw new RangeError(`${zone} is no availability zone`)
  return region
}

/** The partition a region belongs to, the second word of every ARN there. */
export const partitionOfRegion = (region: string): string => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
