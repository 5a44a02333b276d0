import { devicePath } from './data-mount.ts'
import { fetchSecretsPath, type MachineSpec } from './machine-spec.ts'

/** A word as systemd's unit files want it: blanks and quotes in quotes, percent and dollar signs doubled. */
export function unitWord(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /[\s"';\\]/.test(word) || word === '' ? `"${escaped}"` : escaped
}

const setting = (name: string, value: string): string => `Environment=${unitWord(`${name}=${value}`)}`

/** Longer than a broker takes to write out what is in its memory. */
const stopTimeoutSeconds = 180

/** What a server of sockets and files needs, and nothing else. AF_NETLINK tells the machine's own addresses. */
export const hardening = `NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0027`

/** A folder in memory that only the node's user sees. It stays while the machine runs: without an answer a node starts with what it had. */
export const secretsFolder = `RuntimeDirectory=gantry
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes`

/** More than it takes to ask for secrets as often as is worth the while; then it begins anew. */
const startTimeoutSeconds = 600

function secretsSettings({ region, confFile, secrets }: MachineSpec): string {
  if (secrets === undefined) return ''
  const { confPath, parameter } = secrets
  const fetched = [
    fetchSecretsPath,
    'conf',
    region,
    confFile.path,
    confPath,
    ...(parameter === undefined ? [] : [parameter]),
  ]
  return `${secretsFolder}\nTimeoutStartSec=${startTimeoutSeconds}\nExecStartPre=${fetched.map(unitWord).join(' ')}\n`
}

/** The systemd unit of a node. It lets the file system grow with its volume first. It never gives up: a node that cannot start now may be able to in an hour. */
export function serviceUnit(spec: MachineSpec): string {
  const { description, dataRoot, dataDir, dataVolumeId, command, environment } = spec
  const settings = Object.entries(environment).map(([name, value]) => setting(name, value))
  return `[Unit]
Description=${description.replaceAll('%', '%%')}
Wants=network-online.target
After=network-online.target chronyd.service chrony.service
${dataVolumeId === undefined ? '' : `RequiresMountsFor=${dataRoot}\n`}StartLimitIntervalSec=0

[Service]
Type=exec
User=gantry
Group=gantry
WorkingDirectory=${dataDir}
${settings.map((line) => `${line}\n`).join('')}${dataVolumeId === undefined ? '' : `ExecStartPre=-+/usr/sbin/resize2fs ${devicePath(dataVolumeId)}\n`}${secretsSettings(spec)}ExecStart=${command.map(unitWord).join(' ')}
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=${stopTimeoutSeconds}
SuccessExitStatus=143
StandardOutput=journal
StandardError=journal
SyslogIdentifier=gantry
LimitNOFILE=655360
LimitCORE=0
TasksMax=16384
MemoryMax=90%
OOMScoreAdjust=-500
CacheDirectory=gantry
ReadWritePaths=${dataRoot}
${hardening}

[Install]
WantedBy=multi-user.target
`
}
