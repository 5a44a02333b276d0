import { mountUnit } from './data-mount.ts'
import { logbackPath, type MachineFile, type MachineSpec } from './machine-spec.ts'
import { secretsUnits } from './secrets-unit.ts'
import { serviceUnit } from './service-unit.ts'

/** Memory of the kernel: the store is read and written through its cache, and Apache maps many files. */
const kernelSettings = `# A server whose memory is swapped out answers too late; swapping is for when there is no other way.
vm.swappiness = 1
# Write early and steadily: a sync must not wait for gigabytes.
vm.dirty_background_bytes = 67108864
vm.dirty_bytes = 1073741824
# Apache RocketMQ maps every segment and queue file.
vm.max_map_count = 655360
net.core.somaxconn = 4096
# Find dead peers in minutes, not in hours.
net.ipv4.tcp_keepalive_time = 120
net.ipv4.tcp_keepalive_intvl = 20
net.ipv4.tcp_keepalive_probes = 6
`

/** Huge pages only for who asks: given to all they make for pauses and waste. */
const hugePages = `w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise
w /sys/kernel/mm/transparent_hugepage/defrag - - - - madvise
`

const journalSettings = `[Journal]
Storage=persistent
SystemMaxUse=1G
RateLimitIntervalSec=30s
RateLimitBurst=100000
`

/** Everything to standard output, where the journal takes it. */
const logback = `<configuration>
  <appender name="out" class="org.apache.rocketmq.logging.ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{yyyy-MM-dd HH:mm:ss,GMT+0} %p %t - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`

/** Files of a machine that do not depend on the data volume. */
export const machineFiles = (spec: MachineSpec): MachineFile[] => [
  { path: '/etc/systemd/system/gantry.service', text: serviceUnit(spec) },
  ...secretsUnits(spec),
  ...(spec.tls === undefined ? [] : [spec.tls]),
  ...(spec.dataVolumeId === undefined ? [] : [mountUnit(spec.dataVolumeId, spec.dataRoot)]),
  { path: '/etc/sysctl.d/90-gantry.conf', text: kernelSettings },
  { path: '/etc/tmpfiles.d/gantry.conf', text: hugePages },
  { path: '/etc/systemd/journald.conf.d/gantry.conf', text: journalSettings },
  ...(spec.engine === 'apache' ? [{ path: logbackPath, text: logback }] : []),
]
