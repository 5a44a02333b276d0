import type { Properties } from '../values.ts'
import type { DockerKind } from './docker-kind.ts'

interface Label {
  readonly label: string
  readonly value: string
}

interface Volume {
  readonly Name: string
  readonly Labels: Readonly<Record<string, string>> | null
}

/** Labels as the engine has them. */
export const labelMap = (labels: unknown): Record<string, string> =>
  Object.fromEntries(((labels ?? []) as Label[]).map(({ label, value }) => [label, value]))

/** Creating takes over a volume of that name: so does the engine itself. */
export const volumeKind: DockerKind = {
  inputs: { name: 'replace', labels: 'replace' },
  withDefaults: (inputs) => inputs,
  async create(engine, inputs) {
    const json = { Name: inputs['name'], Labels: labelMap(inputs['labels']) }
    const { Name } = await engine.ask<Volume>('POST', '/volumes/create', { json })
    return { id: Name, outputs: (await volumeKind.read(engine, Name, inputs)) ?? inputs }
  },
  async read(engine, id, known): Promise<Properties | undefined> {
    const volume = await engine.find<Volume>(`/volumes/${id}`)
    if (volume === undefined) return undefined
    const labels = Object.entries(volume.Labels ?? {}).map(([label, value]) => ({ label, value }))
    return { ...known, name: volume.Name, labels }
  },
  async update(engine, id, _, news) {
    return (await volumeKind.read(engine, id, news)) ?? news
  },
  async delete(engine, id) {
    if ((await engine.find(`/volumes/${id}`)) !== undefined) await engine.ask('DELETE', `/volumes/${id}`)
  },
}
