#!/usr/bin/env bash
# broker.sh -c FILE   the real broker in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_server broker rmq.broker.logback.xml org.apache.rocketmq.broker.BrokerStartup "$@"
