# Java from the packages of the distribution, which reach an instance of Amazon Linux through the endpoint for S3.
install_java() {
  command -v java >/dev/null && return
  if command -v dnf >/dev/null; then
    dnf install -y -q java-17-amazon-corretto-headless
  else
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless
  fi
}

install_engine() {
  local target=/opt/gantry/$ARTIFACT_SHA256
  install_java
  if [ ! -d "$target" ]; then
    rm -rf "$target.new"
    /opt/gantry/bin/fetch-object "$REGION" "$BUCKET" "$ARTIFACT_KEY" "$ARTIFACT_SHA256" /opt/gantry/release.zip
    python3 -m zipfile -e /opt/gantry/release.zip "$target.new"
    rm /opt/gantry/release.zip
    mv "$target.new" "$target"
  fi
  # The release has everything in one folder.
  local libraries
  libraries=$(find "$target" -maxdepth 2 -type d -name lib | head -n 1)
  [ -n "$libraries" ] || fail "s3://$BUCKET/$ARTIFACT_KEY is no release of Apache RocketMQ: it has no lib folder"
  ln -sfn "$(dirname "$libraries")" /opt/gantry/current
}
