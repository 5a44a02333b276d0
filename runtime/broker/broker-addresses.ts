import { encodeHost } from '../codec/message/host.ts'
import type { BrokerConf } from '../config/broker-conf.ts'

/** What a broker says of where it is reached. */
export class BrokerAddresses {
  /** `brokerIP1:listenPort` */
  readonly brokerAddr: string
  /** `brokerIP2:haListenPort` */
  readonly haServerAddr: string
  /** As messages carry it. */
  readonly storeHost: Uint8Array

  /** `storeAddress`: an IP address for storeHost where brokerIP1 is a name. */
  constructor(conf: BrokerConf, storeAddress: string | undefined) {
    const { brokerIP1, brokerIP2, listenPort, haListenPort } = conf
    this.brokerAddr = `${brokerIP1}:${listenPort}`
    this.haServerAddr = `${brokerIP2}:${haListenPort}`
    this.storeHost = encodeHost(storeAddress ?? brokerIP1.replace(/^\[(.*)\]$/, '$1'), listenPort)
  }
}
