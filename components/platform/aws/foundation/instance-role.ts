import type * as pulumi from '@pulumi/pulumi'
import { partitionOfRegion } from '../../../plan/aws/zone.ts'
import { awsSdk } from '../aws-sdk.ts'
import type { ArtifactBucket } from './artifact-bucket.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'

const policyVersion = '2012-10-17'

const assumeRolePolicy = JSON.stringify({
  Version: policyVersion,
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ec2.amazonaws.com' } }],
})

/** What an instance may do: read exactly the artifacts, and be managed by Systems Manager. @returns the profile's name */
export function instanceProfile(context: FoundationContext, bucket: ArtifactBucket): pulumi.Output<string> {
  const { name, aws, region, clusterName, options } = context
  const { iam } = awsSdk()
  const tags = tagsOf(context, `${name}-node`)
  const description = `Nodes of ${clusterName}`
  const role = new iam.Role(`${name}-node`, { assumeRolePolicy, description, tags }, options)
  const policy = bucket.arn.apply((arn) =>
    JSON.stringify({
      Version: policyVersion,
      Statement: [
        { Effect: 'Allow', Action: 's3:GetObject', Resource: bucket.keys.map((key) => `${arn}/${key}`) },
        ...(aws.kmsKeyArn === undefined ? [] : [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: aws.kmsKeyArn }]),
      ],
    }),
  )
  const read = new iam.RolePolicy(`${name}-node-artifacts`, { role: role.name, policy }, options)
  const managed = `arn:${partitionOfRegion(region)}:iam::aws:policy/AmazonSSMManagedInstanceCore`
  const manage = new iam.RolePolicyAttachment(`${name}-node-ssm`, { role: role.name, policyArn: managed }, options)
  // An instance that starts with a role that may do nothing yet would find nothing to run.
  const profile = new iam.InstanceProfile(
    `${name}-node`,
    { role: role.name, tags },
    { ...options, dependsOn: [read, manage] },
  )
  return profile.name
}
