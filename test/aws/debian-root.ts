import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * A Debian 12 as its cloud images are, as far as user data can tell: systemd, cloud-init that asks EC2's metadata service,
 * chrony. No image can be fetched here, so it is put together from Debian's packages once and kept.
 */

const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'cloud-init', 'python3', 'chrony'],
  ...['e2fsprogs', 'ca-certificates', 'curl', 'iproute2', 'procps', 'openssh-server', 'openjdk-17-jre-headless'],
]

/** cloud-init looks nowhere else, and takes what answers there for EC2 although the machine's firmware does not say so. */
const cloudInitSettings = `datasource_list: [ Ec2 ]
datasource:
  Ec2:
    strict_id: false
    metadata_urls: [ 'http://169.254.169.254' ]
    timeout: 5
    max_wait: 30
    apply_full_imds_network_config: false
network: { config: disabled }
locale: C.UTF-8
`

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.slice(-2000)}`)
}

/** @returns the folder of the root file system: to be copied or overlaid, never written to */
export function debianRoot(cacheFolder: string): string {
  const name = createHash('sha256')
    .update(JSON.stringify([packages, cloudInitSettings]))
    .digest('hex')
    .slice(0, 12)
  const root = join(cacheFolder, `debian-${name}`)
  if (existsSync(root)) return root
  mkdirSync(cacheFolder, { recursive: true })
  const unfinished = `${root}.new`
  rmSync(unfinished, { recursive: true, force: true })
  run('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${packages.join(',')}`, 'bookworm', unfinished])
  writeFileSync(join(unfinished, 'etc/cloud/cloud.cfg.d/90_ec2.cfg'), cloudInitSettings)
  // Every machine is to find out by itself who it is.
  writeFileSync(join(unfinished, 'etc/machine-id'), '')
  renameSync(unfinished, root)
  return root
}
