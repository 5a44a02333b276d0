import type * as pulumi from '@pulumi/pulumi'
import type { AwsConfig } from '../../../plan/schema/aws-config.ts'

/** What every piece of a foundation is made from. */
export interface FoundationContext {
  /** Names of resources begin with it. */
  readonly name: string
  readonly clusterName: string
  readonly aws: AwsConfig
  readonly region: string
  readonly options: pulumi.CustomResourceOptions
}

/** Tags that tell whose a thing is and what it is called. */
export const tagsOf = (
  { clusterName, aws }: Pick<FoundationContext, 'clusterName' | 'aws'>,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> => ({
  ...aws.tags,
  Name: name,
  'gantry:cluster': clusterName,
  ...more,
})
