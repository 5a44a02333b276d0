import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ConfEnv } from '../config/conf-key.ts'
import type { ProxyConf } from '../config/proxy-conf.ts'
import type { ProxyPortTls } from '../config/tls-conf.ts'
import type { Network } from '../io/network.ts'
import { RealNetwork } from '../io/real-network.ts'
import { selfSignedCertificate } from '../io/tls/self-signed.ts'
import { Tls } from '../io/tls/tls.ts'
import type { TlsServerOptions } from '../io/tls/tls-options.ts'
import type { Logger } from '../observe/logger.ts'
import type { ClientNetworks } from '../proxy/proxy-server.ts'

/** The file that was named, or the one that official proxies read; without either, the defaults. */
export function proxyConfFile(given: string | undefined, env: ConfEnv): string | undefined {
  if (given !== undefined) return resolve(given)
  const usual = join(env.rocketmqHome ?? env.workingFolder, 'conf/rmq-proxy.json')
  return existsSync(usual) ? usual : undefined
}

/**
 * The networks of a proxy's two ports, which show the same certificate and take what tls.server.mode says.
 * @throws Error when there has to be a certificate and is none, or it cannot be used
 */
export function openProxyNetworks(conf: ProxyConf, { mode, ...asked }: ProxyPortTls, logger: Logger): ClientNetworks {
  const { tlsTestModeEnable, tlsKeyPath, tlsCertPath, tlsKeyPassword } = conf
  const plain = { grpc: new RealNetwork(), remoting: new RealNetwork() }
  if (mode === 'disabled') return plain
  if (!tlsTestModeEnable && !existsSync(tlsKeyPath) && !existsSync(tlsCertPath)) {
    if (mode === 'enforcing') {
      throw new Error(
        `tls.server.mode = enforcing with tlsTestModeEnable = false, but tlsKeyPath = ${tlsKeyPath} and tlsCertPath = ${tlsCertPath} are not there: put key and certificate there, or name others in rmq-proxy.json`,
      )
    }
    logger.warn({ tlsKeyPath, tlsCertPath }, 'no TLS: there are no such files, and tlsTestModeEnable = false')
    return plain
  }
  const shown = {
    keyPath: tlsKeyPath,
    certPath: tlsCertPath,
    keyPassword: tlsKeyPassword || undefined,
    mode,
    ...(tlsTestModeEnable ? { inMemory: selfSignedCertificate('rocketmq-proxy') } : {}),
  } as const
  const onProblem = (error: Error): void => logger.error({ err: error }, 'TLS goes on with the files read before')
  const open = (server: TlsServerOptions): Network =>
    new RealNetwork({ tls: new Tls({ server, client: undefined }, onProblem) })
  return {
    grpc: open({ ...shown, clientAuth: 'none', trustCertPath: undefined, alpnProtocols: ['h2'] }),
    remoting: open({ ...shown, ...asked }),
  }
}
