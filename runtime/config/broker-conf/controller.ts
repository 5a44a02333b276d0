import { accepted, derived, flag, int, list, long, MS, optionalPath, optionalText } from '../conf-key.ts'

export const controller = {
  title: 'Controller mode',
  about: 'Automatic change of masters, by a controller or by DLedger.',
  keys: accepted({
    enableControllerMode: flag(false, 'A controller elects the master.'),
    controllerAddr: list(';', [], 'Controllers, host:port each.'),
    fetchControllerAddrByDnsLookup: flag(false, 'Take controllerAddr for a domain name to look up.'),
    storePathEpochFile: optionalPath(
      'File of the epochs.',
      derived('storePathRootDir/epochFileCheckpoint', (_, get) => `${get('storePathRootDir')}/epochFileCheckpoint`),
    ),
    storePathBrokerIdentity: optionalPath(
      'File of the id the controller gave.',
      derived('storePathRootDir/brokerIdentity', (_, get) => `${get('storePathRootDir')}/brokerIdentity`),
    ),
    syncBrokerMetadataPeriod: long(5000, 'How often to ask the controller for the master.', MS),
    checkSyncStateSetPeriod: long(5000, 'How often to check the SyncStateSet.', MS),
    syncControllerMetadataPeriod: long(10_000, 'How often to ask for the leader of the controllers.', MS),
    controllerHeartBeatTimeoutMills: long(10_000, 'Silence after which a controller gives the broker up.', MS),
    brokerElectionPriority: int(2_147_483_647, 'The lower, the sooner elected.'),
    enableDLegerCommitLog: flag(false, 'Keep the commit log in DLedger.'),
    dLegerGroup: optionalText('Name of the DLedger group.'),
    dLegerPeers: optionalText('Members of the DLedger group.'),
    dLegerSelfId: optionalText('Own id in the DLedger group.'),
    preferredLeaderId: optionalText('Member that DLedger should elect.'),
    enableBatchPush: flag(false, 'DLedger sends entries in batches.'),
  }),
}
