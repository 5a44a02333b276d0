# The data volume is attached once the instance runs: it may take minutes to appear.
wait_for_device() {
  local waited
  for ((waited = 0; waited < 900; waited++)); do
    [ ! -b "$DEVICE" ] || return 0
    ((waited % 30)) || say "waiting for $DEVICE"
    sleep 1
  done
  fail "$DEVICE has not been attached within 15 minutes"
}

# Nothing that any tool knows, and nothing but zeros where a file system or a table of partitions begins.
is_blank() {
  local status=0
  blkid -p "$DEVICE" >/dev/null 2>&1 || status=$?
  [ "$status" -eq 2 ] && cmp -s -n 4194304 "$DEVICE" /dev/zero
}

# Makes a file system only on a blank volume: whatever else is on it is somebody's data.
mount_data() {
  wait_for_device
  if is_blank; then
    say "$DEVICE is blank: making a file system"
    mkfs.ext4 -q -m 1 -L gantry-data "$DEVICE"
  fi
  blkid -p -s USAGE -o value "$DEVICE" | grep -qx filesystem ||
    fail "$DEVICE has no file system and is not blank: it is left as it is"
  systemctl daemon-reload
  systemctl enable -q --now "$MOUNT_UNIT"
  mountpoint -q "$DATA_ROOT" || fail "$DATA_ROOT is not mounted"
}
