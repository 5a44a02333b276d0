import { accepted, double, flag, HOURS, implemented, int, LIVE, live, MS, PERCENT, text } from '../conf-key.ts'

export const cleaning = {
  title: 'Cleaning',
  about: 'When old files go, and what happens when the disk fills up.',
  keys: {
    ...implemented({
      fileReservedTime: int(72, 'Age at which commit log files may be deleted.', { ...live(HOURS), min: 0 }),
      deleteWhen: text('04', 'Hours of the day at which they are deleted, local time, e.g. 04 or 04;16.', LIVE),
      deleteCommitLogFilesInterval: int(100, 'Pause between two deleted commit log files.', live(MS)),
      deleteFileBatchMax: int(10, 'Commit log files deleted in one go at most.', { min: 1, live: true }),
      cleanFileForciblyEnable: flag(true, 'Delete files before their time when the disk is nearly full.', LIVE),
      diskMaxUsedSpaceRatio: int(
        75,
        'Disk use from which files past fileReservedTime go at any hour; kept between 10 and 95.',
        live(PERCENT),
      ),
      diskSpaceCleanForciblyRatio: int(
        85,
        'Disk use from which the oldest files go whatever their age; kept between 30 and 85.',
        live(PERCENT),
      ),
      diskSpaceWarningLevelRatio: int(
        90,
        'Disk use from which the broker refuses messages; kept between 35 and 90.',
        live(PERCENT),
      ),
      enableCleanExpiredOffset: flag(
        false,
        'Forget offsets of groups that do not consume and whose next messages are all deleted.',
        LIVE,
      ),
    }),
    ...accepted({
      logicalDiskSpaceCleanForciblyThreshold: double(0.8, 'Forced cleaning when several brokers share a disk.'),
      replicasPerDiskPartition: int(1, 'Brokers that share the disk.'),
      maxBatchDeleteFilesNum: int(50, 'Files deleted in one batch.'),
      redeleteHangedFileInterval: int(120_000, 'How often to try again a deletion that hangs.', MS),
      deleteConsumeQueueFilesInterval: int(100, 'Pause between two deleted consume queue or index files.', MS),
      cleanResourceInterval: int(10_000, 'How often to look for files to delete.', { ...MS, min: 1 }),
      destroyMapedFileIntervalForcibly: int(
        120_000,
        'A file still read from this long after its deletion is closed by force.',
        MS,
      ),
    }),
  },
}
