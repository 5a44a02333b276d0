#!/usr/bin/env bash
# namesrv.sh -c FILE   the real NameServer in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_server namesrv rmq.namesrv.logback.xml org.apache.rocketmq.namesrv.NamesrvStartup "$@"
