# Sourced by the scripts beside it: where the jars are, where run-time state goes, how a JVM is started.
#   GANTRY_RMQ_LIB   folder with the jars (default: lib/ here, filled by install.sh)
#   RMQ_HOME_DIR     logs and scratch files of this one process (default: data/<script> here)
#   RMQ_HEAP         heap of a server, for example 512m
#   RMQ_CLIENT_HEAP  heap of mqadmin and of the benchmark programs
#   RMQ_JVM          further JVM options; RMQ_GC another collector than G1
#   NAMESRV_ADDR     NameServer list for mqadmin and the benchmark programs
reference=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=${GANTRY_RMQ_LIB:-$reference/lib}

# The broker touches JDK internals (direct buffers, isLoaded of a mapped file); Java 17 keeps them closed without these.
opens=(
  --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
  --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED
)

need_jars() {
  if ! ls "$lib"/rocketmq-broker-*.jar >/dev/null 2>&1; then
    echo "no Apache RocketMQ jars in $lib: run $reference/install.sh or set GANTRY_RMQ_LIB" >&2
    exit 1
  fi
}

# run_server NAME LOGBACK_RESOURCE MAIN ARGS...   the shell becomes the server: its pid stays the same
run_server() {
  local name=$1 logback=$2 main=$3
  shift 3
  need_jars
  local home=${RMQ_HOME_DIR:-$reference/data/$name}
  mkdir -p "$home/conf"
  ROCKETMQ_HOME=$home exec java -Xms"${RMQ_HEAP:-512m}" -Xmx"${RMQ_HEAP:-512m}" -XX:MaxDirectMemorySize="${RMQ_DIRECT:-512m}" \
    ${RMQ_GC:--XX:+UseG1GC} "${opens[@]}" ${RMQ_JVM:-} \
    -Duser.home="$home" -Drmq.logback.configurationFile="$logback" \
    -Dlogback.statusListenerClass="${status_listener:-org.apache.rocketmq.logging.ch.qos.logback.core.status.NopStatusListener}" \
    -cp "$lib/*" "$main" "$@"
}

# run_client MAIN ARGS...
run_client() {
  need_jars
  local home=${RMQ_HOME_DIR:-$reference/data/client}
  mkdir -p "$home"
  exec java -Xms"${RMQ_CLIENT_HEAP:-256m}" -Xmx"${RMQ_CLIENT_HEAP:-256m}" ${RMQ_JVM:-} \
    -Duser.home="$home" -Drocketmq.log.root="$home" -Drocketmq.log.level=warn \
    -Drmq.logback.configurationFile=rmq.client.logback.xml \
    -Drocketmq.namesrv.addr="${NAMESRV_ADDR:-127.0.0.1:9876}" -cp "$lib/*" "$@"
}
