import { accepted, flag, int, long, MS, oneOf, PORT, text } from '../conf-key.ts'

/** Keys that the controller has too. */
export const exporterKeys = {
  metricsExporterType: oneOf(['DISABLE', 'OTLP_GRPC', 'PROM', 'LOG'], 'DISABLE', 'Where metrics go.'),
  metricsGrpcExporterTarget: text('', 'OTLP collector.'),
  metricsGrpcExporterHeader: text('', 'Headers for it.'),
  metricGrpcExporterTimeOutInMills: long(3000, 'Longest wait for it.', MS),
  metricGrpcExporterIntervalInMills: long(60_000, 'How often metrics go there.', MS),
  metricLoggingExporterIntervalInMills: long(10_000, 'How often metrics are logged.', MS),
  metricsPromExporterPort: int(5557, 'Port for Prometheus.', PORT),
  metricsPromExporterHost: text('', 'Address for Prometheus to connect to.'),
  metricsLabel: text('', 'Labels of all metrics: name:value, separated by commas.'),
  metricsInDelta: flag(false, 'Send differences, not sums.'),
}

export const metrics = {
  title: 'Statistics and metrics',
  about: 'What is counted and who gets to see it.',
  keys: {
    ...accepted({
      ...exporterKeys,
      metricsOtelCardinalityLimit: int(50_000, 'Series per metric at most.'),
      metricsExportBatchMaxDataPoints: int(1000, 'Values per batch at most.'),
      enableRemotingMetrics: flag(true, 'Metrics of requests.'),
      enableMessageStoreMetrics: flag(true, 'Metrics of the store.'),
      enablePopMetrics: flag(true, 'Metrics of POP.'),
      enableConnectionMetrics: flag(true, 'Metrics of connections.'),
      enableTransactionMetrics: flag(true, 'Metrics of transactions.'),
      enableStatsMetrics: flag(true, 'Metrics of message counts.'),
      enableRequestMetrics: flag(true, 'Metrics of request times.'),
      enableLagAndDlqMetrics: flag(true, 'Metrics of backlog and dead letters.'),
      commercialBaseCount: int(1, 'Unit of the accounting of a cloud service.'),
      commercialSizePerMsg: int(4096, 'Bytes that count as one message there.', { unit: 'bytes' }),
      accountStatsEnable: flag(true, 'Accounting per client.'),
      accountStatsPrintZeroValues: flag(true, 'Log zeros too.'),
      autoDeleteUnusedStats: flag(true, 'Drop the statistics of deleted topics and groups.'),
      maxStatsIdleTimeInMinutes: int(-1, 'Drop statistics unused for this long; below 0 never.', {
        unit: 'min',
      }),
      estimateAccumulation: flag(true, 'Estimate the backlog of groups that filter by tag from samples.'),
      enableDetailStat: flag(true, 'Keep statistics per topic and group.'),
    }),
  },
}
