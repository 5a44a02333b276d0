#!/usr/bin/env bash
# Copies Apache RocketMQ 5.5.0 and its dependencies into GANTRY_RMQ_LIB (default: lib/ here). Does nothing when they are there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
if ls "$lib"/rocketmq-broker-5.5.0.jar "$lib"/rocketmq-proxy-5.5.0.jar "$lib"/rocketmq-tools-5.5.0.jar "$lib"/rocketmq-example-5.5.0.jar >/dev/null 2>&1; then
  exit 0
fi
command -v mvn >/dev/null || { echo "mvn is missing: install Apache Maven, or set GANTRY_RMQ_LIB to a folder with the jars" >&2; exit 1; }
mkdir -p "$lib"
mvn -B -q -f "$reference/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$lib"
