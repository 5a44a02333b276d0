import { readFileSync } from 'node:fs'
import type { CustomResourceOptions } from '@pulumi/pulumi'
import { parse } from 'yaml'
import { argsOfConfig } from '../../../cluster/cluster-config-form.ts'
import { RocketCluster } from '../../../cluster/rocket-cluster.ts'
import type { ClusterConfig } from '../../../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../../plan/schema/parse-cluster-config.ts'
import {
  allRegistered,
  mockEngine,
  type RegisteredResource,
  registered,
  settled,
} from '../../../testing/registered-resources.ts'
import { artifactFolder, securedAnswers } from './aws-answers.ts'

/** A resource with those of its options that decide what becomes of it. */
export interface PreviewedResource extends RegisteredResource {
  readonly options: Readonly<Record<string, unknown>>
}

export interface StackPreview {
  readonly resources: readonly PreviewedResource[]
}

/** What makes a stack one with all of `security`. */
export const secured = { security: { tls: {}, accessControl: {} } }

interface StackFile {
  readonly config: { readonly 'gantry:cluster': ClusterConfig }
}

/** What a stack file asks for, with other artifacts. */
function clusterOf(stack: string, artifacts: object, changes: object) {
  const path = new URL(`../../../../stacks/Pulumi.${stack}.yaml`, import.meta.url)
  const { 'gantry:cluster': written } = (parse(readFileSync(path, 'utf8')) as StackFile).config
  const aws = { ...written.platform.aws, artifacts }
  const cluster = { ...written, ...changes, platform: { ...written.platform, aws } }
  return parseClusterConfig(cluster)
}

/**
 * Registers a stack of this repository with Pulumi's mocks: everything a preview would show.
 * @param changes to what stands under gantry:cluster
 */
export async function previewStack(stack: string, changes: object = {}): Promise<StackPreview> {
  const folder = artifactFolder()
  const config = clusterOf(stack, { folder, apacheRelease: `${folder}/release.zip` }, changes)
  await mockEngine(stack, securedAnswers)
  const options = new Map<string, CustomResourceOptions>()
  const cluster = new RocketCluster(stack, argsOfConfig(config), {
    transformations: [
      ({ type, name, opts }) => {
        options.set(`${type} ${name}`, opts)
        return undefined
      },
    ],
  })
  await settled(cluster.nodes)
  await allRegistered()
  const resources = registered.map((resource) => {
    const { protect, retainOnDelete, ignoreChanges, deleteBeforeReplace } =
      options.get(`${resource.type} ${resource.name}`) ?? {}
    const decisive = Object.entries({ protect, retainOnDelete, ignoreChanges, deleteBeforeReplace })
    const given = decisive.filter(([, value]) => value !== undefined && value !== false && `${value}` !== '')
    return { ...resource, options: Object.fromEntries(given) }
  })
  return { resources: resources.sort(byName) }
}

const byName = (a: RegisteredResource, b: RegisteredResource): number =>
  `${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1
