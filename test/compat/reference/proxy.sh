#!/usr/bin/env bash
# proxy.sh -pm cluster -pc FILE   the real proxy in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_server proxy rmq.proxy.logback.xml org.apache.rocketmq.proxy.ProxyStartup "$@"
