import { accepted, derived, flag, implemented, int, list, live, long, MS, text } from '../conf-key.ts'

export const nameservers = {
  title: 'Name servers',
  about: 'Where the broker registers and how often.',
  keys: {
    ...implemented({
      namesrvAddr: list(
        ';',
        derived('$NAMESRV_ADDR', (env) =>
          (env.namesrvAddr ?? '')
            .split(';')
            .map((it) => it.trim())
            .filter((it) => it !== ''),
        ),
        'Name servers, host:port each. The broker registers with every one of them.',
        { live: true },
      ),
      registerBrokerTimeoutMills: int(24_000, 'Longest wait for a name server to answer a registration.', live(MS)),
      registerNameServerPeriod: int(30_000, 'How often the broker registers; kept between 10 s and 60 s.', MS),
      forceRegister: flag(true, 'Register at every period, also when nothing has changed.', { live: true }),
      compressedRegister: flag(false, 'Compress the registration.', { live: true }),
      brokerHeartbeatInterval: int(1000, 'How often a light heartbeat goes to the name servers.', MS),
      brokerNotActiveTimeoutMillis: long(
        10_000,
        'Silence after which name servers drop the broker, told with each heartbeat.',
        live(MS),
      ),
      enableSlaveActingMaster: flag(
        false,
        'Send light heartbeats; a slave told that its master is gone or back acts on it at once.',
      ),
      enableSingleTopicRegister: flag(false, 'Register a new topic alone, not the whole table.'),
      enableSplitRegistration: flag(false, 'Register a large topic table in parts.'),
      splitRegistrationSize: int(800, 'Topics per part.'),
      enableSplitMetadata: flag(true, 'Hand topic and group tables to slaves in parts.'),
      splitMetadataSize: int(2000, 'Entries per part.'),
      lockInStrictMode: flag(false, 'Queue locks need a majority of the group.'),
      syncBrokerMemberGroupPeriod: int(
        1000,
        'How often to ask for the members of the broker group, for lockInStrictMode.',
        { ...MS, min: 100 },
      ),
    }),
    ...accepted({
      fetchNameSrvAddrByDnsLookup: flag(false, 'Take namesrvAddr for a domain name to look up.'),
      fetchNamesrvAddrByAddressServer: flag(false, 'Ask an address server for the name servers.'),
      fetchNamesrvAddrInterval: long(10_000, 'How often to ask it.', MS),
      updateNameServerAddrPeriod: int(120_000, 'How often to look the domain name up.', MS),
      rmqAddressServerDomain: text('jmenv.tbsite.net', 'Domain of the address server.'),
      rmqAddressServerSubGroup: text('nsaddr', 'Path on the address server.'),
      loadBalancePollNameServerInterval: long(
        30_000,
        'How often to refresh routes for server-side load balancing.',
        MS,
      ),
      cleanOfflineBrokerInterval: int(30_000, 'How often to forget brokers that have gone.', MS),
      enableRemoteEscape: flag(false, 'A slave that stands in passes special messages to other masters.'),
      skipPreOnline: flag(false, 'Come online without first fetching what the stand-in recorded.'),
      compatibleWithOldNameSrv: flag(true, 'Ask for the broker group in the way name servers before 5.0 understand.'),
      sendHeartbeatTimeoutMillis: int(1000, 'Longest wait for a name server to answer a heartbeat.', MS),
    }),
  },
}
