import { containerDataDir } from '../../plan/docker-hosts.ts'
import { readContainerFile } from './engine/container-file.ts'
import { type Container, findContainer } from './engine/container-state.ts'
import type { EngineClient } from './engine/engine-client.ts'
import { tarOf } from './engine/tar.ts'

/*
 * Which containers Pulumi knows of. A node's resource writes the id of its container into a file in the node's volume; a
 * container of the node's name whose id is not there was made by a run that did not live to write down that it did.
 */

/** On every container of a node: what does not have it is not ours. */
export const nodeLabel = 'gantry.node'

/** A hash of all that another container is needed for when it changes. */
export const specLabel = 'gantry.spec'

const markFile = '.gantry-container'
/** Between the name of a container that was put aside and the beginning of its id. */
export const asideSuffix = '-left'

/** Writes down that a container is known. */
export async function mark(engine: EngineClient, id: string): Promise<void> {
  const tar = tarOf([{ path: markFile, content: { text: id, mode: 0o644 } }])
  await engine.ask('PUT', `/containers/${id}/archive?path=${containerDataDir}`, { tar })
}

export async function isMarked(engine: EngineClient, { Id }: Container): Promise<boolean> {
  return (await readContainerFile(engine, Id, `${containerDataDir}/${markFile}`)) === Id
}

/** Stops a container in good order and gives it another name. */
export async function moveAside(engine: EngineClient, { Id, Name }: Container, timeoutSeconds: number): Promise<void> {
  await engine.ask('POST', `/containers/${Id}/stop?t=${timeoutSeconds}`)
  const name = `${Name.slice(1)}${asideSuffix}-${Id.slice(0, 12)}`
  await engine.ask('POST', `/containers/${Id}/rename?name=${encodeURIComponent(name)}`)
}

/** Containers that were put aside from this name. */
export async function leftoversOf(engine: EngineClient, name: string): Promise<{ readonly Id: string }[]> {
  const all = await engine.ask<{ Id: string; Names: string[] }[]>('GET', '/containers/json?all=1')
  return all.filter(({ Id, Names }) => Names.includes(`/${name}${asideSuffix}-${Id.slice(0, 12)}`))
}

/** Gives a container that was put aside its name back. What has the name now was never known, so it goes. */
export async function takeBack(engine: EngineClient, { Id }: Container, name: string): Promise<void> {
  const other = await findContainer(engine, name)
  if (other !== undefined) await engine.ask('DELETE', `/containers/${other.Id}?force=1`)
  await engine.ask('POST', `/containers/${Id}/rename?name=${encodeURIComponent(name)}`)
}
