install_engine() {
  local target=/opt/gantry/$ARTIFACT_SHA256
  if [ ! -d "$target" ]; then
    rm -rf "$target.new"
    mkdir -p "$target.new"
    /opt/gantry/bin/fetch-object "$REGION" "$BUCKET" "$ARTIFACT_KEY" "$ARTIFACT_SHA256" /opt/gantry/artifact.tar.gz
    tar -xzf /opt/gantry/artifact.tar.gz -C "$target.new" --no-same-owner
    rm /opt/gantry/artifact.tar.gz
    mv "$target.new" "$target"
  fi
  ln -sfn "$target" /opt/gantry/current
}
