import { accepted, BYTES, flag, implemented, int, LIVE, live, long, MS, oneOf } from '../conf-key.ts'

export const consuming = {
  title: 'Consuming',
  about: 'Pulls, long polling, offsets and clients.',
  keys: {
    ...implemented({
      longPollingEnable: flag(
        true,
        'A pull that finds nothing waits for messages as long as its consumer allows.',
        LIVE,
      ),
      shortPollingTimeMills: long(1000, 'How long it waits when longPollingEnable is false.', live(MS)),
      maxTransferBytesOnMessageInMemory: int(
        262_144,
        'Bytes one pull of recent messages returns at most.',
        live(BYTES),
      ),
      maxTransferCountOnMessageInMemory: int(32, 'Messages one pull of recent messages returns at most.', LIVE),
      maxTransferBytesOnMessageInDisk: int(65_536, 'Bytes one pull of old messages returns at most.', live(BYTES)),
      maxTransferCountOnMessageInDisk: int(8, 'Messages one pull of old messages returns at most.', LIVE),
      maxFilterMessageSize: int(
        16_000,
        'Bytes of the consume queue that one pull may search for matches at most.',
        live(BYTES),
      ),
      litePullMessageEnable: flag(true, 'Serve lite pulls.', LIVE),
      rejectPullConsumerEnable: flag(false, 'Refuse the plain pull consumers of old clients.', LIVE),
      notifyConsumerIdsChangedEnable: flag(true, 'Tell consumers when members join or leave their group.', LIVE),
      realTimeNotifyConsumerChange: flag(true, 'Tell them at once, not collected over some seconds.', LIVE),
      useServerSideResetOffset: flag(true, 'Offsets are reset by the broker, without help of the consumers.', LIVE),
      channelExpiredTimeout: long(120_000, 'A client without heartbeat for this long is forgotten.', live(MS)),
      subscriptionExpiredTimeout: long(
        600_000,
        'A subscription without heartbeat for this long is forgotten.',
        live(MS),
      ),
      pullThreadPoolQueueCapacity: int(100_000, 'Pulls that may wait for messages.'),
      serverLoadBalancerEnable: flag(true, 'The broker divides queues among consumers that ask.', LIVE),
      defaultMessageRequestMode: oneOf(['PULL', 'POP'], 'PULL', 'How consumers that ask fetch unless told.', LIVE),
      defaultPopShareQueueNum: int(-1, 'Queues that consumers share in POP mode.', LIVE),
    }),
    ...accepted({
      enableFastChannelEventProcess: flag(false, 'Cheaper handling of lost connections.'),
      printChannelGroups: flag(false, 'Log groups per connection.'),
      printChannelGroupsMinNum: int(5, 'From this many groups.'),
      highSpeedMode: flag(false, 'Unused by Apache RocketMQ as well.'),
      pullBatchMaxMessageCount: int(160, 'Messages one pull may ask for, from batch consume queues.'),
      disableConsumeIfConsumerReadSlowly: flag(false, 'Stop a group that falls behind by consumerFallbehindThreshold.'),
      consumerFallbehindThreshold: long(17_179_869_184, 'That many bytes.', BYTES),
      transferMsgByHeap: flag(true, 'Copy messages into the response; the engine always does.'),
    }),
  },
}

export const filtering = {
  title: 'Filters',
  about: 'Filters by SQL92 expressions over message properties. Filters by tag need no key.',
  keys: {
    ...implemented({
      enablePropertyFilter: flag(false, 'Serve SQL92 filters.', LIVE),
      enableCalcFilterBitMap: flag(
        false,
        'Work filters out when queues are built. This engine applies them to the messages; a broker with true does not start.',
      ),
      expectConsumerNumUseFilter: int(
        32,
        'Consumers with filters expected, for the Bloom positions in consumerFilter.json.',
        {
          min: 1,
        },
      ),
      maxErrorRateOfBloomFilter: int(20, 'Tolerated errors of that Bloom filter.', { unit: '%', min: 1, max: 99 }),
      filterDataCleanTimeSpan: long(86_400_000, 'How long filters of lost consumers are kept.', live(MS)),
    }),
    ...accepted({
      filterSupportRetry: flag(
        false,
        'Filter retried messages too. Without effect: clients subscribe to their retry topic without a filter.',
      ),
      useMessageFilterForNotification: flag(true, 'Filter before waking a consumer that pops.'),
      maxMessageFilterNumForNotification: int(64, 'Messages looked at for that.'),
    }),
  },
}
