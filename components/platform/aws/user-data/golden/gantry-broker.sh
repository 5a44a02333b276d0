#!/bin/bash
# Makes this machine broker-a-1. Rendered by gantry: change the stack config instead.
set -euo pipefail
trap 'echo "gantry: ended at line $LINENO: $BASH_COMMAND" >&2' ERR

NODE=broker-a-1
REGION=eu-central-1
BUCKET=artifacts
ARTIFACT_KEY=gantry-runtime/1111111111111111111111111111111111111111111111111111111111111111/a.tar.gz
ARTIFACT_SHA256=1111111111111111111111111111111111111111111111111111111111111111
USER_ID=9876
DATA_ROOT=/var/lib/gantry
DEVICE=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0
MOUNT_UNIT=var-lib-gantry.mount

say() { echo "gantry: $*"; }
fail() {
  say "$*" >&2
  exit 1
}

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

mkdir -p /etc/systemd/system /etc/sysctl.d /etc/tmpfiles.d /etc/systemd/journald.conf.d /opt/gantry/bin
cat >/etc/systemd/system/gantry.service <<'END'
[Unit]
Description=RocketMQ broker broker-a-1 of Shop
Wants=network-online.target
After=network-online.target chronyd.service chrony.service
RequiresMountsFor=/var/lib/gantry
StartLimitIntervalSec=0

[Service]
Type=exec
User=gantry
Group=gantry
WorkingDirectory=/var/lib/gantry/broker-a-1
Environment=GANTRY_CACHE=/var/cache/gantry
Environment=GANTRY_NODE_OPTIONS=--max-old-space-size=512
ExecStartPre=-+/usr/sbin/resize2fs /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0
ExecStart=/opt/gantry/current/runtime/bin/mqbroker -c /var/lib/gantry/broker-a-1/broker.conf
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=180
SuccessExitStatus=143
StandardOutput=journal
StandardError=journal
SyslogIdentifier=gantry
LimitNOFILE=655360
LimitCORE=0
TasksMax=16384
MemoryMax=90%
OOMScoreAdjust=-500
CacheDirectory=gantry
ReadWritePaths=/var/lib/gantry
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0027

[Install]
WantedBy=multi-user.target
END
cat >/etc/systemd/system/var-lib-gantry.mount <<'END'
[Unit]
Description=Data volume vol-0123456789abcdef0

[Mount]
What=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0
Where=/var/lib/gantry
Options=noatime

[Install]
WantedBy=multi-user.target
END
cat >/etc/sysctl.d/90-gantry.conf <<'END'
# A server whose memory is swapped out answers too late; swapping is for when there is no other way.
vm.swappiness = 1
# Write early and steadily: a sync must not wait for gigabytes.
vm.dirty_background_bytes = 67108864
vm.dirty_bytes = 1073741824
# Apache RocketMQ maps every segment and queue file.
vm.max_map_count = 655360
net.core.somaxconn = 4096
# Find dead peers in minutes, not in hours.
net.ipv4.tcp_keepalive_time = 120
net.ipv4.tcp_keepalive_intvl = 20
net.ipv4.tcp_keepalive_probes = 6
END
cat >/etc/tmpfiles.d/gantry.conf <<'END'
w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise
w /sys/kernel/mm/transparent_hugepage/defrag - - - - madvise
END
cat >/etc/systemd/journald.conf.d/gantry.conf <<'END'
[Journal]
Storage=persistent
SystemMaxUse=1G
RateLimitIntervalSec=30s
RateLimitBurst=100000
END
cat >/opt/gantry/bin/fetch-object <<'END'
#!/usr/bin/python3
"""Asks AWS with the credentials of the instance's role, by what every image with cloud-init has."""
import datetime
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

METADATA = 'http://169.254.169.254/latest/'
EMPTY_SHA256 = hashlib.sha256(b'').hexdigest()
ATTEMPTS = 12


def metadata(path, method='GET', headers=None):
    request = urllib.request.Request(METADATA + path, method=method, headers=headers or {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
        return answer.read().decode()


def credentials():
    token = metadata('api/token', 'PUT', {'X-aws-ec2-metadata-token-ttl-seconds': '300'})
    headers = {'X-aws-ec2-metadata-token': token}
    role = metadata('meta-data/iam/security-credentials/', headers=headers).split()[0]
    return json.loads(metadata('meta-data/iam/security-credentials/' + role, headers=headers))


def signed(service, region, host, path, body=None, headers=None):
    """A request with an AWS Signature Version 4."""
    known = credentials()
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
    body_sha256 = EMPTY_SHA256 if body is None else hashlib.sha256(body).hexdigest()
    method = 'GET' if body is None else 'POST'
    sent = {'host': host, 'x-amz-content-sha256': body_sha256, 'x-amz-date': now, 'x-amz-security-token': known['Token']}
    sent.update(headers or {})
    names = ';'.join(sorted(sent))
    lines = ''.join('%s:%s\n' % (name, sent[name]) for name in sorted(sent))
    canonical = '\n'.join([method, path, '', lines, names, body_sha256])
    scope = '/'.join([now[:8], region, service, 'aws4_request'])
    text = '\n'.join(['AWS4-HMAC-SHA256', now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ('AWS4' + known['SecretAccessKey']).encode()
    for part in scope.split('/'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (
        known['AccessKeyId'], scope, names, signature)
    return urllib.request.Request('https://' + host + path, data=body, method=method, headers=sent)


def persistently(action, attempts=ATTEMPTS):
    """A role takes seconds to be known everywhere, an endpoint may be slow: try for some minutes, then say why not."""
    for attempt in range(attempts):
        try:
            return action()
        except (OSError, ValueError) as error:
            reason = '%s %s' % (error, error.read(500).decode('utf-8', 'replace') if isinstance(error, urllib.error.HTTPError) else '')
            print('gantry: attempt %d of %d: %s' % (attempt + 1, attempts, reason), file=sys.stderr, flush=True)
            if attempt + 1 < attempts:
                time.sleep(min(2 ** attempt, 30))
    sys.exit('gantry: gave up')


def fetch(region, bucket, key, sha256, target):
    domain = 'amazonaws.com.cn' if region.startswith('cn-') else 'amazonaws.com'
    host = '%s.s3.%s.%s' % (bucket, region, domain)
    path = '/' + urllib.parse.quote(key)
    digest = hashlib.sha256()
    with urllib.request.urlopen(signed('s3', region, host, path), timeout=60) as answer:
        with open(target + '.part', 'wb') as file:
            for chunk in iter(lambda: answer.read(1 << 20), b''):
                digest.update(chunk)
                file.write(chunk)
    if digest.hexdigest() != sha256:
        os.remove(target + '.part')
        sys.exit('fetch-object: s3://%s/%s has sha256 %s instead of %s' % (bucket, key, digest.hexdigest(), sha256))
    os.replace(target + '.part', target)


# fetch-object REGION BUCKET KEY SHA256 FILE: keeps an object only if its bytes are the right ones.
if __name__ == '__main__':
    persistently(lambda: fetch(*sys.argv[1:]))
END
chmod 755 /opt/gantry/bin/fetch-object

create_user
install_engine
mount_data
install -d -o gantry -g gantry -m 750 "$DATA_ROOT" /var/lib/gantry/broker-a-1
install -o gantry -g gantry -m 640 /dev/null /var/lib/gantry/broker-a-1/broker.conf
cat >/var/lib/gantry/broker-a-1/broker.conf <<'END'
# broker.conf of broker-a-1, rendered by gantry: change the stack config instead
brokerClusterName=Shop
brokerName=broker-a
brokerId=1
brokerRole=SLAVE
flushDiskType=ASYNC_FLUSH
namesrvAddr=namesrv-0.rocketmq.internal:9876
listenPort=11911
bindAddress=10.60.4.129
brokerIP1=10.60.4.129
brokerIP2=10.60.4.129
storePathRootDir=/var/lib/gantry/broker-a-1/store
slaveReadEnable=true
deleteWhen=04
fileReservedTime=48
END

configure_clock
apply_settings
start_node
