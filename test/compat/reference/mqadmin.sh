#!/usr/bin/env bash
# mqadmin.sh COMMAND ARGS...   the official mqadmin
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_client -XX:TieredStopAtLevel=1 org.apache.rocketmq.tools.command.MQAdminStartup "$@"
