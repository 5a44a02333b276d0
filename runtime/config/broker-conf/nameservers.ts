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
        'Send light heartbeats; while its master is gone the slave with the smallest id acts for it, and a broker that ' +
          'comes back first takes over what was recorded meanwhile (see guarantees.md). With totalReplicas of 2 or more.',
      ),
      enableRemoteEscape: flag(
        false,
        'A slave that acts as master passes on delayed messages that are due to masters of other groups.',
        { live: true },
      ),
      skipPreOnline: flag(false, 'Register at once, without first taking over what an acting master recorded.'),
      compatibleWithOldNameSrv: flag(
        true,
        'Where a name server does not know GET_BROKER_MEMBER_GROUP (before 5.0), ask for the group by a route.',
        { live: true },
      ),
      enableSingleTopicRegister: flag(false, 'Register a new topic alone, not the whole table.'),
      enableSplitRegistration: flag(false, 'Register a large topic table in parts.'),
      splitRegistrationSize: int(800, 'Topics per part.'),
      enableSplitMetadata: flag(true, 'Hand topic and group tables to slaves in parts.'),
      splitMetadataSize: int(2000, 'Entries per part.'),
      lockInStrictMode: flag(false, 'Queue locks need a majority of the group.'),
      syncBrokerMemberGroupPeriod: int(
        1000,
        'How often to ask for the members of the broker group, for lockInStrictMode and enableSlaveActingMaster.',
        { ...MS, min: 100 },
      ),
      loadBalancePollNameServerInterval: long(
        30_000,
        'How often to refresh routes for server-side load balancing.',
        live(MS),
      ),
    }),
    ...accepted({
      fetchNameSrvAddrByDnsLookup: flag(false, 'Take namesrvAddr for a domain name to look up.'),
      fetchNamesrvAddrByAddressServer: flag(false, 'Ask an address server for the name servers.'),
      fetchNamesrvAddrInterval: long(10_000, 'How often to ask it.', MS),
      updateNameServerAddrPeriod: int(120_000, 'How often to look the domain name up.', MS),
      rmqAddressServerDomain: text('jmenv.tbsite.net', 'Domain of the address server.'),
      rmqAddressServerSubGroup: text('nsaddr', 'Path on the address server.'),
      cleanOfflineBrokerInterval: int(30_000, 'How often to forget brokers that have gone.', MS),
      sendHeartbeatTimeoutMillis: int(1000, 'Longest wait for a name server to answer a heartbeat.', MS),
    }),
  },
}
