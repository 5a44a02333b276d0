import * as pulumi from '@pulumi/pulumi'
import { objectKey } from '../../../artifact/artifact-name.ts'
import type { AwsObjectArgs } from '../../../cluster/aws-platform-args.ts'
import { awsSdk } from '../aws-sdk.ts'
import type { ArtifactFile } from './artifact-file.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'

/** The bucket that instances fetch what they run from, and what is in it. */
export interface ArtifactBucket {
  readonly arn: pulumi.Output<string>
  readonly objects: Readonly<Record<string, AwsObjectArgs>>
  /** Keys of the objects, which the role may read. */
  readonly keys: readonly string[]
}

/** @param files by name, as nodes ask for them: gantry-arm64, gantry-x64, apache */
export function artifactBucket(
  context: FoundationContext,
  files: Readonly<Record<string, ArtifactFile>>,
): ArtifactBucket {
  const { name, aws, options } = context
  const { s3 } = awsSdk()
  const bucket = new s3.Bucket(`${name}-artifacts`, { tags: tagsOf(context, `${name}-artifacts`) }, options)
  const of = { bucket: bucket.bucket }
  const closed = new s3.BucketPublicAccessBlock(
    `${name}-artifacts-access`,
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    options,
  )
  const versioning = { ...of, versioningConfiguration: { status: 'Enabled' } }
  new s3.BucketVersioning(`${name}-artifacts-versions`, versioning, options)
  const encryption =
    aws.kmsKeyArn === undefined
      ? { sseAlgorithm: 'AES256' }
      : { sseAlgorithm: 'aws:kms', kmsMasterKeyId: aws.kmsKeyArn }
  const rules = [{ applyServerSideEncryptionByDefault: encryption, bucketKeyEnabled: aws.kmsKeyArn !== undefined }]
  const encrypted = new s3.BucketServerSideEncryptionConfiguration(
    `${name}-artifacts-encryption`,
    { ...of, rules },
    options,
  )
  const objects = Object.entries(files).map(([label, { path, fileName, folder, sha256 }]) => {
    const key = objectKey(folder, sha256, fileName)
    const object = new s3.BucketObjectv2(
      `${name}-artifact-${label}`,
      {
        ...of,
        key,
        source: new pulumi.asset.FileAsset(path),
        sourceHash: sha256,
        checksumAlgorithm: 'SHA256',
        tags: tagsOf(context, `${name}-artifact-${label}`),
      },
      { ...options, dependsOn: [closed, encrypted] },
    )
    return [label, { key, object: { bucket: object.bucket, key: object.key, sha256 } }] as const
  })
  return {
    arn: bucket.arn,
    objects: Object.fromEntries(objects.map(([label, { object }]) => [label, object])),
    keys: objects.map(([, { key }]) => key),
  }
}
