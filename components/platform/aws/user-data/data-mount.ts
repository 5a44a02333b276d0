import type { MachineFile } from './machine-spec.ts'

/** Where udev links a volume to, on every instance whose volumes are NVMe devices: the serial number is the volume's id. */
export const devicePath = (volumeId: string): string =>
  `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace('-', '')}`

/** The name of the unit that mounts a folder, which systemd derives from its path (systemd-escape --path). */
export function mountUnitName(folder: string): string {
  const escaped = folder
    .slice(1)
    .replaceAll(/[^A-Za-z0-9:_./]|^\./g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replaceAll('/', '-')
  return `${escaped}.mount`
}

/**
 * A unit rather than a line in fstab: nothing of the image is edited. A machine whose volume is missing boots all the
 * same, but the node does not start: it would write to the root volume.
 */
export const mountUnit = (volumeId: string, folder: string): MachineFile => ({
  path: `/etc/systemd/system/${mountUnitName(folder)}`,
  text: `[Unit]
Description=Data volume ${volumeId}

[Mount]
What=${devicePath(volumeId)}
Where=${folder}
Options=noatime

[Install]
WantedBy=multi-user.target
`,
})
