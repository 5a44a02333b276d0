import { createInterface } from 'node:readline'
import type { EngineClient } from '../../../../components/platform/docker/engine/engine-client.ts'
import type { DockerKind } from './docker-kind.ts'

interface Image {
  readonly Id: string
  readonly RepoDigests: readonly string[] | null
}

const findImage = (engine: EngineClient, name: unknown): Promise<Image | undefined> =>
  engine.find<Image>(`/images/${String(name)}/json`)

async function pull(engine: EngineClient, name: string): Promise<void> {
  const answer = await engine.open('POST', `/images/create?fromImage=${encodeURIComponent(name)}`)
  for await (const line of createInterface({ input: answer })) {
    const { error } = JSON.parse(line) as { error?: string }
    if (error !== undefined) throw new Error(`Unable to read Docker image into resource: ${error}`)
  }
}

/** An image that the engine has, or gets from a registry. */
export const imageKind: DockerKind = {
  inputs: { name: 'replace', keepLocally: 'update' },
  withDefaults: (inputs) => inputs,
  async create(engine, inputs) {
    const name = String(inputs['name'])
    if ((await findImage(engine, name)) === undefined) await pull(engine, name)
    const outputs = await imageKind.read(engine, '', inputs)
    if (outputs === undefined) throw new Error(`${name} was pulled, and is not there`)
    return { id: `${String(outputs['imageId'])}${name}`, outputs }
  },
  async read(engine, _, known) {
    const image = await findImage(engine, known['name'])
    if (image === undefined) return undefined
    return { ...known, imageId: image.Id, repoDigest: image.RepoDigests?.[0] ?? '' }
  },
  async update(engine, id, _, news) {
    return (await imageKind.read(engine, id, news)) ?? news
  },
  async delete(engine, _, known) {
    if (known['keepLocally'] === true || (await findImage(engine, known['name'])) === undefined) return
    await engine.ask('DELETE', `/images/${String(known['name'])}`)
  },
}
