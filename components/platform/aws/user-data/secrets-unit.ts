import { instanceSecretsFolder } from '../../../plan/aws/instance-files.ts'
import { fetchSecretsPath, type MachineFile, type MachineSpec } from './machine-spec.ts'
import { hardening, secretsFolder, unitWord } from './service-unit.ts'

/*
 * New certificates reach a node that runs: its parameter is read again and again, and the engine takes files that have changed.
 */

/** How often, and how much later at most: not all nodes of a cluster at once. */
const everySeconds = 300
const laterSecondsMax = 30

/** Within this a node has read what was put into its parameter, and goes by it. */
export const secretsTakenWithinMs = (everySeconds + laterSecondsMax + 90) * 1000

/** Whether a node has what may change while it runs. Credentials do not. */
export const readsAgain = ({ tls, secrets }: MachineSpec): boolean =>
  tls !== undefined && secrets?.parameter !== undefined

/** The units that read a node's parameter again. */
export function secretsUnits(spec: MachineSpec): MachineFile[] {
  const { node, region, secrets } = spec
  if (!readsAgain(spec) || secrets?.parameter === undefined) return []
  const command = [fetchSecretsPath, 'files', region, instanceSecretsFolder, secrets.parameter]
  const service = `[Unit]
Description=New certificates of ${node}

[Service]
Type=oneshot
User=gantry
Group=gantry
${secretsFolder}
ExecStart=${command.map(unitWord).join(' ')}
${hardening}
`
  const timer = `[Unit]
Description=When to look for new certificates of ${node}

[Timer]
OnActiveSec=${everySeconds}
OnUnitActiveSec=${everySeconds}
RandomizedDelaySec=${laterSecondsMax}
AccuracySec=1

[Install]
WantedBy=timers.target
`
  return [
    { path: '/etc/systemd/system/gantry-secrets.service', text: service },
    { path: '/etc/systemd/system/gantry-secrets.timer', text: timer },
  ]
}
