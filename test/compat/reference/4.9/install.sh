#!/usr/bin/env bash
# Copies Apache RocketMQ 4.9 and its dependencies (28 MB) into GANTRY_RMQ_OLD_LIB (default: lib/ here). Does nothing when they are there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
if ls "$lib"/rocketmq-broker-4.9.*.jar "$lib"/rocketmq-namesrv-4.9.*.jar >/dev/null 2>&1; then
  exit 0
fi
command -v mvn >/dev/null || { echo "mvn is missing: install Apache Maven, or set GANTRY_RMQ_OLD_LIB to a folder with the jars" >&2; exit 1; }
mkdir -p "$lib"
mvn -B -q -f "$old/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$lib"
