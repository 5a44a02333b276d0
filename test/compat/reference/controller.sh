#!/usr/bin/env bash
# controller.sh -c FILE   the real controller in the foreground
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_server controller rmq.controller.logback.xml org.apache.rocketmq.controller.ControllerStartup "$@"
