# The same number on every instance: files on the volume outlive the instance that wrote them.
create_user() {
  getent group gantry >/dev/null || groupadd --gid "$USER_ID" gantry
  getent passwd gantry >/dev/null ||
    useradd --uid "$USER_ID" --gid gantry --home-dir "$DATA_ROOT" --no-create-home --shell /usr/sbin/nologin gantry
}

# The time of the machine's own clock source, without a network; names of folders differ between distributions.
configure_clock() {
  local folder
  for folder in /etc/chrony.d /etc/chrony/sources.d; do
    [ -d "$folder" ] || continue
    echo 'server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4' >"$folder/gantry.sources"
    systemctl try-restart chronyd.service chrony.service 2>/dev/null || true
    return
  done
  say 'there is no chrony: the clock is left to what the image has'
}

apply_settings() {
  systemd-tmpfiles --create /etc/tmpfiles.d/gantry.conf || say 'transparent huge pages could not be set'
  sysctl -q -p /etc/sysctl.d/90-gantry.conf || say 'not all kernel settings could be applied'
  systemctl try-restart systemd-journald.service
  # Growing pauses between restarts, where systemd knows them.
  if [ "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')" -ge 254 ]; then
    mkdir -p /etc/systemd/system/gantry.service.d
    printf '[Service]\nRestartSteps=5\nRestartMaxDelaySec=60\n' >/etc/systemd/system/gantry.service.d/backoff.conf
  fi
  # Session Manager is the way in: nothing listens for logins.
  systemctl disable --now sshd.service ssh.service ssh.socket 2>/dev/null || true
}

start_node() {
  systemctl daemon-reload
  systemctl enable -q gantry.service
  systemctl restart gantry.service
  say "$NODE has been started"
}
