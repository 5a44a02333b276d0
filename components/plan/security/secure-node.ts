import { renderProperty } from '../../../runtime/config/properties-file.ts'
import type { PlanNode } from '../plan-node.ts'
import { keysGeneration, type SecurityConfig } from '../schema/security-config.ts'
import { secretWord } from './security-keys.ts'
import { nodeTlsFiles, nodeTlsProperties, type TlsFiles } from './tls-properties.ts'

type Setting = readonly [key: string, value: string | boolean]

const accessSettings = ({ kind }: PlanNode, security: SecurityConfig): Setting[] => {
  const { accessControl } = security
  if (accessControl === undefined) return []
  const generation = keysGeneration(security) ?? 1
  const signing: Setting[] = [['innerClientAuthenticationCredentials', secretWord('servers', generation)]]
  if (!accessControl.enforce || (kind !== 'broker' && kind !== 'proxy')) return signing
  const checking: Setting[] = [...signing, ['authenticationEnabled', true], ['authorizationEnabled', true]]
  // A proxy has the users of its brokers.
  return kind === 'proxy' ? checking : [...checking, ['initAuthenticationUser', secretWord('admin', generation)]]
}

/** What a proxy's ports show has keys of its own; all else of TLS goes by tls.properties. */
const proxySettings = ({ kind }: PlanNode, { tls }: SecurityConfig, { key, cert }: TlsFiles): Setting[] => {
  if (tls === undefined || kind !== 'proxy') return []
  return [
    ['tlsTestModeEnable', false],
    ['tlsKeyPath', key],
    ['tlsCertPath', cert],
  ]
}

const withConf = ({ kind, confFile }: PlanNode, settings: readonly Setting[]): string => {
  if (kind === 'proxy') {
    return `${JSON.stringify({ ...JSON.parse(confFile.text), ...Object.fromEntries(settings) }, null, 2)}\n`
  }
  return `${confFile.text}${settings.map(([key, value]) => `${renderProperty(key, String(value))}\n`).join('')}`
}

/**
 * A node of a plan as `security` makes it: what it signs with, what it checks, how it speaks TLS.
 * @param files where it has them, if not in its folder
 */
export const secureNode = <N extends PlanNode>(
  node: N,
  security: SecurityConfig | undefined,
  files: TlsFiles = nodeTlsFiles(node),
): N => {
  if (security === undefined) return node
  const settings = [...accessSettings(node, security), ...proxySettings(node, security, files)]
  const { tls } = security
  return {
    ...node,
    ...(settings.length === 0 ? {} : { confFile: { ...node.confFile, text: withConf(node, settings) } }),
    ...(tls === undefined ? {} : { tls: { path: files.properties, text: nodeTlsProperties(node.id, files, tls) } }),
  }
}
