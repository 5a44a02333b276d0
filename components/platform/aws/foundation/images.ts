import * as pulumi from '@pulumi/pulumi'
import type { Architecture } from '../../../plan/architecture.ts'
import { awsSdk } from '../aws-sdk.ts'
import type { FoundationContext } from './foundation-context.ts'

const parameterNames: Record<Architecture, string> = {
  arm64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
  x64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
}

/** The image to boot for each architecture: the one named, or the Amazon Linux 2023 that is newest now. */
export function imageIds(
  { aws, options }: FoundationContext,
  architectures: readonly Architecture[],
): Record<string, pulumi.Input<string>> {
  const ids = architectures.map((architecture) => {
    const named = aws.images[architecture]
    if (named !== undefined) return [architecture, named] as const
    const { parent } = options
    const parameter = awsSdk().ssm.getParameterOutput(
      { name: parameterNames[architecture] },
      parent === undefined ? {} : { parent },
    )
    // The SDK takes every parameter for a secret; this one is on a public page.
    return [architecture, pulumi.unsecret(parameter.value)] as const
  })
  return Object.fromEntries(ids)
}
