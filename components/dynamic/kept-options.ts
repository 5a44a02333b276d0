import type { ComponentResourceOptions, CustomResourceOptions } from '@pulumi/pulumi'

/** Options of a component that say what becomes of it in the end: Pulumi does not pass these on to children by itself. */
export function keptOptions(options: ComponentResourceOptions = {}): CustomResourceOptions {
  const { deletedWith, retainOnDelete } = options
  return {
    ...(deletedWith === undefined ? {} : { deletedWith }),
    ...(retainOnDelete === undefined ? {} : { retainOnDelete }),
  }
}
