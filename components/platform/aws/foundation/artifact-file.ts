import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import { getRootDirectory } from '@pulumi/pulumi'
import { artifactFileName, checksumFileName, sha256OfLine } from '../../../artifact/artifact-name.ts'
import type { Architecture } from '../../../plan/architecture.ts'
import { problemAt } from '../../../plan/checks/problem-at.ts'
import { ConfigError } from '../../../plan/config-problem.ts'
import type { AwsConfig } from '../../../plan/schema/aws-config.ts'
import { version } from '../../../version.ts'

/** A file of this machine that instances are to run. */
export interface ArtifactFile {
  readonly path: string
  readonly fileName: string
  /** Where it goes in the bucket. */
  readonly folder: string
  readonly sha256: string
}

const absolute = (path: string): string => (isAbsolute(path) ? path : join(getRootDirectory(), path))

const artifactsPath = ['platform', 'aws', 'artifacts']

/** The engine as `gantry artifact build` has left it. @throws ConfigError when it is not there */
export function engineArtifact({ artifacts }: AwsConfig, architecture: Architecture): ArtifactFile {
  const fileName = artifactFileName({ version, architecture })
  const path = join(absolute(artifacts.folder), fileName)
  const checksumPath = join(absolute(artifacts.folder), checksumFileName(fileName))
  const sha256 =
    existsSync(path) && existsSync(checksumPath) ? sha256OfLine(readFileSync(checksumPath, 'utf8')) : undefined
  if (sha256 === undefined) {
    const fix = 'Run "gantry artifact build" first: instances are given the engine in one file.'
    throw new ConfigError([problemAt([...artifactsPath, 'folder'], artifacts.folder, `has no ${fileName}`, fix)])
  }
  return { path, fileName, folder: 'gantry-runtime', sha256 }
}

/** The release of Apache RocketMQ. @throws ConfigError when there is none, or it is not the one that was meant */
export function apacheArtifact({ artifacts }: AwsConfig): ArtifactFile {
  const { apacheRelease, apacheReleaseSha512 } = artifacts
  const at = [...artifactsPath, 'apacheRelease']
  if (apacheRelease === undefined || !existsSync(absolute(apacheRelease))) {
    const fix = 'Give the path of the binary release (rocketmq-all-...-bin-release.zip) as downloaded from Apache.'
    const problem = apacheRelease === undefined ? 'is missing: nodes with engine: apache run from it' : 'is not there'
    throw new ConfigError([problemAt(at, apacheRelease, problem, fix)])
  }
  const path = absolute(apacheRelease)
  const bytes = readFileSync(path)
  const sha512 = createHash('sha512').update(bytes).digest('hex')
  if (apacheReleaseSha512 !== undefined && sha512 !== apacheReleaseSha512) {
    const fix = 'Download the release again, and compare with the checksum beside it.'
    throw new ConfigError([problemAt(at, apacheRelease, `has SHA-512 ${sha512}, not apacheReleaseSha512`, fix)])
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path, fileName: basename(path), folder: 'apache-rocketmq', sha256 }
}
