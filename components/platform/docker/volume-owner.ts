import { RealClock } from '../../../runtime/io/real-clock.ts'
import { containerDataDir } from '../../plan/docker-hosts.ts'
import type { Engine } from '../../plan/plan-node.ts'
import { findContainer, lastWords } from './engine/container-state.ts'
import type { EngineClient } from './engine/engine-client.ts'
import { firstOwnerOf } from './engine/tar.ts'

/*
 * To whom the files of a node's volume belong: nodes run as the user of their engine, and another engine's could not write them.
 * Docker gives a volume that is empty what the image has at its place: the official image has nothing there, so root's.
 *
 * The owner of the top folder tells of everything below. A change that was cut short is seen by that, and made again:
 *
 *                top folder    what is below
 *     before     old user      old user
 *     meanwhile  root          either
 *     after      new user      new user
 */

/** A volume and who is to have it. */
export interface OwnedVolume {
  readonly name: string
  /** `uid:gid`. */
  readonly owner: string
  /** Of this engine: what changes the owners runs in a container of it. */
  readonly image: string
  readonly engine: Engine
}

/** For our image, which has Node and nothing else. Links are changed, not what they lead to. */
const nodeScript = `
const fs = require('node:fs')
const [top, owner] = process.argv.slice(1)
const [uid, gid] = owner.split(':').map(Number)
const give = (folder) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = folder + '/' + entry.name
    if (entry.isDirectory()) give(path)
    fs.lchownSync(path, uid, gid)
  }
}
fs.lchownSync(top, 0, 0)
give(top)
fs.lchownSync(top, uid, gid)
`

/** The same for images with a shell, hidden files included. */
const shellScript = `
cd "$1" && chown 0:0 . || exit 1
for each in * .[!.]* ..?*; do
  if [ -e "$each" ] || [ -L "$each" ]; then chown -hR "$2" "./$each" || exit 1; fi
done
chown "$2" .
`

/** A program and its arguments that gives a folder, and everything in it, to a user. */
export function ownerCommand(engine: Engine, folder: string, owner: string): string[] {
  const words = engine === 'apache' ? ['sh', '-c', shellScript, 'sh'] : ['node', '-e', nodeScript]
  return [...words, folder, owner]
}

/** No more than it takes to change owners, and to look into folders of any user. */
const capabilities = ['CHOWN', 'DAC_READ_SEARCH']
const memoryBytes = 256 << 20
const pollMs = 100

/** Of the container that changes a volume's owners. */
const nameFor = (volume: string): string => `${volume}-owner`

/**
 * Gives a volume to a user, if it is not that user's already. Its container goes in the end; what a run that was cut short has
 * left of it goes at the beginning.
 * @throws Error when a container has the volume meanwhile, the owners cannot be changed, or that takes longer than the time
 */
export async function giveVolume(
  engine: EngineClient,
  volume: OwnedVolume,
  timeoutMs: number,
  clock: Pick<RealClock, 'monotonic' | 'after'> = new RealClock(),
): Promise<void> {
  const container = nameFor(volume.name)
  await removeOwnerContainer(engine, volume.name)
  const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/create?name=${encodeURIComponent(container)}`, {
    json: ownerContainer(volume),
  })
  try {
    if ((await ownerOf(engine, Id)) === volume.owner) return
    await checkUnused(engine, volume.name)
    await engine.ask('POST', `/containers/${Id}/start`)
    await untilDone(engine, Id, volume, clock.monotonic() + timeoutMs, clock)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`the files of volume ${volume.name} were not given to user ${volume.owner}: ${reason}`)
  } finally {
    await engine.ask('DELETE', `/containers/${Id}?force=1`)
  }
}

/** Removes the container of a change that was cut short, if there is one. */
export async function removeOwnerContainer(engine: EngineClient, volume: string): Promise<void> {
  const left = await findContainer(engine, nameFor(volume))
  if (left !== undefined) await engine.ask('DELETE', `/containers/${left.Id}?force=1`)
}

function ownerContainer({ name, owner, image, engine }: OwnedVolume): object {
  const [program = '', ...args] = ownerCommand(engine, containerDataDir, owner)
  return {
    Image: image,
    Entrypoint: [program],
    Cmd: args,
    User: '0:0',
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      Mounts: [{ Type: 'volume', Source: name, Target: containerDataDir }],
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: capabilities,
      SecurityOpt: ['no-new-privileges:true'],
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
    },
  }
}

/** Who has the top folder, read from the beginning of an archive of the volume. */
async function ownerOf(engine: EngineClient, id: string): Promise<string> {
  let beginning = Buffer.alloc(0)
  // Leaving the loop ends the answer.
  for await (const chunk of await engine.open('GET', `/containers/${id}/archive?path=${containerDataDir}`)) {
    beginning = Buffer.concat([beginning, chunk as Buffer])
    const owner = firstOwnerOf(beginning)
    if (owner !== undefined) return owner
  }
  throw new RangeError(`the archive of ${containerDataDir} has no entry`)
}

async function checkUnused(engine: EngineClient, volume: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ volume: [volume] }))
  const users = await engine.ask<{ Names: readonly string[] }[]>('GET', `/containers/json?filters=${filters}`)
  if (users.length === 0) return
  const names = users.map(({ Names: [name = ''] }) => name.slice(1))
  throw new Error(`${names.join(', ')} runs with it; stop it and run this again`)
}

async function untilDone(
  engine: EngineClient,
  id: string,
  { name }: OwnedVolume,
  deadlineMs: number,
  clock: Pick<RealClock, 'monotonic' | 'after'>,
): Promise<void> {
  for (;;) {
    const found = await findContainer(engine, id)
    if (found === undefined) throw new Error(`its container ${nameFor(name)} was removed; run this again`)
    if (!found.State.Running) {
      const { ExitCode, Error: refusal } = found.State
      if (ExitCode === 0) return
      throw new Error(`exit code ${ExitCode}: ${refusal === '' ? await lastWords(engine, id) : refusal}`)
    }
    if (clock.monotonic() >= deadlineMs) {
      throw new Error('it took too long; give it more time (platform.readyTimeoutSeconds) and run this again')
    }
    await new Promise<void>((resolve) => void clock.after(pollMs, resolve))
  }
}
