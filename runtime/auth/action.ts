/** What is done to a resource, as official tools write it. `All` stands in policies for each of the others. */
export const ACTIONS = ['All', 'Pub', 'Sub', 'Create', 'Update', 'Delete', 'Get', 'List'] as const
export type Action = (typeof ACTIONS)[number]

/** In any case of letters; undefined for what is none. */
export function findAction(name: string): Action | undefined {
  const lower = name.toLowerCase()
  return ACTIONS.find((action) => action.toLowerCase() === lower)
}
