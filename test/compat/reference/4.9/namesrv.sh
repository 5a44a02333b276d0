#!/usr/bin/env bash
# namesrv.sh -c FILE   the NameServer of 4.9 in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
RMQ_HOME_DIR=${RMQ_HOME_DIR:-$old/data/namesrv}
write_logback logback_namesrv.xml
run_server namesrv none org.apache.rocketmq.namesrv.NamesrvStartup "$@"
