import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { devicePath, mountUnitName } from './data-mount.ts'
import { machineFiles } from './machine-files.ts'
import { type MachineFile, type MachineSpec, programsFolder } from './machine-spec.ts'
import { readsAgain } from './secrets-unit.ts'
import { shellWord, writeFileCommand } from './shell-text.ts'

const step = (name: string): string => readFileSync(new URL(`./steps/${name}`, import.meta.url), 'utf8')

/** Numbers below belong to the system, those from 1000 on to people. */
const userId = 9876

const assignments = (variables: Readonly<Record<string, string>>): string =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${shellWord(value)}\n`)
    .join('')

function variablesOf({ node, region, artifact, dataRoot, dataVolumeId }: MachineSpec): Record<string, string> {
  return {
    NODE: node,
    REGION: region,
    BUCKET: artifact.bucket,
    ARTIFACT_KEY: artifact.key,
    ARTIFACT_SHA256: artifact.sha256,
    USER_ID: String(userId),
    DATA_ROOT: dataRoot,
    ...(dataVolumeId === undefined ? {} : { DEVICE: devicePath(dataVolumeId), MOUNT_UNIT: mountUnitName(dataRoot) }),
  }
}

/** Each of them stands by itself. */
const programsOf = ({ secrets }: MachineSpec): MachineFile[] =>
  ['fetch-object', ...(secrets === undefined ? [] : ['fetch-secrets'])].map((name) => ({
    path: `${programsFolder}/${name}`,
    text: `${step('aws.py')}\n\n${step(`${name}.py`)}`,
  }))

function writeFiles(spec: MachineSpec): string {
  const programs = programsOf(spec)
  const files = [...machineFiles(spec), ...programs]
  const folders = [...new Set(files.map(({ path }) => posix.dirname(path)))]
  const commands = files.map(({ path, text }) => writeFileCommand(path, text))
  return `mkdir -p ${folders.join(' ')}\n${commands.join('')}chmod 755 ${programs.map(({ path }) => path).join(' ')}\n`
}

/** The file itself, which a program may write to; or what it is made of at every start, where it has secrets: then none on the volume counts any more. */
function writeConfFile({ dataDir, confFile: { path, text }, secrets }: MachineSpec): string {
  const folder = `install -d -o gantry -g gantry -m 750 "$DATA_ROOT" ${shellWord(dataDir)}\n`
  const file = `install -o gantry -g gantry -m 640 /dev/null ${shellWord(path)}\n`
  const former = `rm -f ${shellWord(`${dataDir}/${posix.basename(path)}`)}\n`
  return `${folder}${secrets === undefined ? file : former}${writeFileCommand(path, text)}`
}

/**
 * The user data of an instance: a script that cloud-init runs once, as root, at the first start. It turns a plain image of
 * Amazon Linux 2023 or Debian 12 into a node: engine from S3, data volume, conf file, service. The same spec gives the same
 * text, so that a changed text means a changed node.
 */
export function renderUserData(spec: MachineSpec): string {
  const steps = ['say.sh', 'machine.sh', spec.dataVolumeId === undefined ? '' : 'data-volume.sh', `${spec.engine}.sh`]
  return `#!/bin/bash
# Makes this machine ${spec.node}. Rendered by gantry: change the stack config instead.
set -euo pipefail
trap 'echo "gantry: ended at line $LINENO: $BASH_COMMAND" >&2' ERR

${assignments(variablesOf(spec))}
${steps
  .filter((name) => name !== '')
  .map((name) => `${step(name)}\n`)
  .join('')}${writeFiles(spec)}
create_user
install_engine
${spec.dataVolumeId === undefined ? '' : 'mount_data\n'}${writeConfFile(spec)}
configure_clock
apply_settings
${readsAgain(spec) ? 'systemctl enable -q --now gantry-secrets.timer\n' : ''}start_node
`
}
