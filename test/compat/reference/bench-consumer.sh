#!/usr/bin/env bash
# bench-consumer.sh -t TOPIC -w THREADS ...   the official benchmark consumer; prints a line every ten seconds until killed
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_client org.apache.rocketmq.example.benchmark.Consumer -n "${NAMESRV_ADDR:-127.0.0.1:9876}" "$@"
