# Sourced by the scripts beside it: Apache RocketMQ 4.9, the line before controller mode, started as its younger sister is.
# As ../env.sh, but the jars are in lib/ here or in GANTRY_RMQ_OLD_LIB.
old=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GANTRY_RMQ_LIB=${GANTRY_RMQ_OLD_LIB:-$old/lib}
. "$old/../env.sh"
status_listener=ch.qos.logback.core.status.NopStatusListener

# write_logback FILE   servers of this line read their log settings from ROCKETMQ_HOME/conf and do not start without them
write_logback() {
  mkdir -p "$RMQ_HOME_DIR/conf"
  cat >"$RMQ_HOME_DIR/conf/$1" <<'XML'
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="warn"><appender-ref ref="out"/></root>
</configuration>
XML
}
