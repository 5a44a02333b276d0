import { accepted, derived, flag, implemented, int, list, long, MS, optionalText, path } from '../conf-key.ts'

export const controller = {
  title: 'Controller mode',
  about: 'Automatic change of masters, by a controller or by DLedger.',
  keys: {
    ...implemented({
      enableControllerMode: flag(false, 'Controllers give the broker its id and its role.'),
      controllerAddr: list(
        ';',
        [],
        'Controllers, host:port each: all of them, as each is told that the broker lives.',
        {
          live: true,
        },
      ),
      storePathEpochFile: path(
        derived('storePathRootDir/epochFileCheckpoint', (_, get) => `${get('storePathRootDir')}/epochFileCheckpoint`),
        'File of the epochs.',
      ),
      storePathBrokerIdentity: path(
        derived('storePathRootDir/brokerIdentity', (_, get) => `${get('storePathRootDir')}/brokerIdentity`),
        'File of the id the controllers gave.',
      ),
      syncBrokerMetadataPeriod: long(
        5000,
        'How often to ask the controllers for the master; more often when controllerHeartBeatTimeoutMills is short.',
        { ...MS, min: 100 },
      ),
      controllerHeartBeatTimeoutMills: long(
        10_000,
        'Silence after which controllers give the broker up; after as long a silence of theirs a master takes itself for cut off.',
        { ...MS, min: 500 },
      ),
      brokerElectionPriority: int(2_147_483_647, 'The lower, the sooner elected.'),
    }),
    ...accepted({
      fetchControllerAddrByDnsLookup: flag(false, 'Take controllerAddr for a domain name to look up.'),
      checkSyncStateSetPeriod: long(
        5000,
        'Of no effect: the SyncStateSet is looked at whenever something changes.',
        MS,
      ),
      syncControllerMetadataPeriod: long(
        10_000,
        'Of no effect: the leader of the controllers is looked for when it does not answer.',
        MS,
      ),
      enableDLegerCommitLog: flag(false, 'Keep the commit log in DLedger.'),
      dLegerGroup: optionalText('Name of the DLedger group.'),
      dLegerPeers: optionalText('Members of the DLedger group.'),
      dLegerSelfId: optionalText('Own id in the DLedger group.'),
      preferredLeaderId: optionalText('Member that DLedger should elect.'),
      enableBatchPush: flag(false, 'DLedger sends entries in batches.'),
    }),
  },
}
