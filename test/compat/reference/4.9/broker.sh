#!/usr/bin/env bash
# broker.sh -c FILE   the broker of 4.9 in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
RMQ_HOME_DIR=${RMQ_HOME_DIR:-$old/data/broker}
write_logback logback_broker.xml
run_server broker none org.apache.rocketmq.broker.BrokerStartup "$@"
