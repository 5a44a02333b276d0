import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AccessSecrets } from '../../components/admin/tool-access.ts'
import { objectKey } from '../../components/artifact/artifact-name.ts'
import { buildArtifact } from '../../components/artifact/build-artifact.ts'
import { nodeBinary } from '../../components/artifact/node-binary.ts'
import type { Architecture } from '../../components/plan/architecture.ts'
import { devicePath } from '../../components/platform/aws/user-data/data-mount.ts'
import { encodeUserData } from '../../components/platform/aws/user-data/encode-user-data.ts'
import type { MachineObject, MachineSpec } from '../../components/platform/aws/user-data/machine-spec.ts'
import { renderUserData } from '../../components/platform/aws/user-data/user-data.ts'
import { AwsServices } from './aws-services.ts'
import { DataDisk } from './data-disk.ts'
import { debianRoot } from './debian-root.ts'
import { Machine } from './machine.ts'
import { PrivateNetwork } from './private-network.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const cacheFolder = join(repository, '.cache/aws')
const clientProgram = join(repository, 'test/aws/client.ts')
export const bucket = 'artifacts-0123456789'

/** A network with AWS in it, and the machines and disks of one scenario. */
export class Site {
  readonly network = new PrivateNetwork()
  readonly services = new AwsServices()
  readonly cacheFolder = cacheFolder
  readonly #root = debianRoot(cacheFolder)
  readonly #machines: Machine[] = []
  readonly #disks: DataDisk[] = []
  #artifact: MachineObject | undefined

  static async open(): Promise<Site> {
    const site = new Site()
    await site.services.start(site.network)
    return site
  }

  /** The engine of this checkout in the bucket. */
  async artifact(): Promise<MachineObject> {
    if (this.#artifact !== undefined) return this.#artifact
    const architecture = process.arch as Architecture
    const node = nodeBinary(repository, architecture, join(repository, '.cache/node'))
    const built = await buildArtifact({
      root: repository,
      architecture,
      outFolder: join(cacheFolder, 'artifacts'),
      node,
    })
    this.#artifact = this.#put(built.path, 'gantry-runtime')
    return this.#artifact
  }

  put(file: string, folder: string): MachineObject {
    return this.#put(file, folder)
  }

  #put(file: string, folder: string): MachineObject {
    const sha256 = this.services.put(bucket, 'unnamed', file)
    const key = objectKey(folder, sha256, file.slice(file.lastIndexOf('/') + 1))
    this.services.put(bucket, key, file)
    return { bucket, key, sha256 }
  }

  disk(sizeMiB: number): DataDisk {
    const disk = new DataDisk(sizeMiB)
    this.#disks.push(disk)
    return disk
  }

  /** Boots a machine with the user data of a spec; a disk is attached once it runs, as a volume is. */
  async boot(spec: MachineSpec, disk?: DataDisk) {
    this.services.userData = Buffer.from(encodeUserData(renderUserData(spec), spec.node), 'base64')
    const { network, services } = this
    const hosts = [`${bucket}.s3.${services.region}.amazonaws.com`, `ssm.${services.region}.amazonaws.com`]
    const names = {
      ...Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])),
      'namesrv-0.rocketmq.internal': '10.60.0.16',
    }
    const { certificate } = services
    const machine = Machine.start({ name: `gantry-${spec.node}`, root: this.#root, network, names, certificate })
    this.#machines.push(machine)
    await machine.booted()
    if (disk !== undefined && spec.dataVolumeId !== undefined) {
      machine.attach(disk.device, devicePath(spec.dataVolumeId))
    }
    return { machine, ...(await machine.setUp()) }
  }

  /** Stops one machine in good order, as a replaced instance is. */
  async stop(machine: Machine): Promise<void> {
    this.#machines.splice(this.#machines.indexOf(machine), 1)
    await machine.stop()
  }

  /** Runs test/aws/client.ts in the network until it succeeds. */
  async client(...words: string[]): Promise<string> {
    return this.clientWith(undefined, ...words)
  }

  /** The same with what a cluster with security asks for. */
  async clientWith(access: AccessSecrets | undefined, ...words: string[]): Promise<string> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const { status, stdout, stderr } = this.attemptWith(access, ...words)
      if (status === 0) return stdout
      if (Date.now() > deadline) throw new Error(`client ${words.join(' ')}: ${stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  /** Once. */
  attemptWith(access: AccessSecrets | undefined, ...words: string[]) {
    const [command, inside] = this.network.command([process.execPath, clientProgram, '10.60.0.16:9876', ...words])
    const given = access === undefined ? {} : { GANTRY_ACCESS: JSON.stringify(access) }
    return spawnSync(command, inside, { encoding: 'utf8', env: { ...process.env, ...given } })
  }

  /** Between scenarios: what one of them left running. */
  async clear(): Promise<void> {
    await Promise.all(this.#machines.splice(0).map((machine) => machine.stop()))
    for (const disk of this.#disks.splice(0)) disk.remove()
  }

  close(): void {
    this.services.stop()
    this.network.remove()
  }
}
