import type { Architecture } from '../plan/architecture.ts'

/** What tells one artifact from another. */
export interface ArtifactIdentity {
  readonly version: string
  readonly architecture: Architecture
}

export const artifactFileName = ({ version, architecture }: ArtifactIdentity): string =>
  `gantry-runtime-${version}-linux-${architecture}.tar.gz`

/** The name of the file beside an artifact that holds its checksum. */
export const checksumFileName = (fileName: string): string => `${fileName}.sha256`

/** A line as `sha256sum --check` reads it. */
export const checksumLine = (sha256: string, fileName: string): string => `${sha256}  ${fileName}\n`

const checksumPattern = /^([0-9a-f]{64})(?:\s|$)/

/** @returns undefined when the text is no such line. */
export const sha256OfLine = (line: string): string | undefined => checksumPattern.exec(line)?.[1]

/**
 * Where an object lies in a bucket: the checksum is part of the key, so that a key always means the same bytes, and an
 * instance that was started with one never gets others.
 */
export const objectKey = (folder: string, sha256: string, fileName: string): string => `${folder}/${sha256}/${fileName}`
