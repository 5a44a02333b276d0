#!/usr/bin/env bash
# bench-producer.sh -t TOPIC -w THREADS -s SIZE ...   the official benchmark producer; prints a line every ten seconds until killed
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
run_client org.apache.rocketmq.example.benchmark.Producer -n "${NAMESRV_ADDR:-127.0.0.1:9876}" "$@"
