#!/usr/bin/env bash
# Installs the Debian/Ubuntu packages that the tests use (real clients, other trackers), only what is missing.
#   scripts/system-packages.sh           install what is missing (needs root)
#   scripts/system-packages.sh --missing print what is missing, one package a line; installs nothing
# Exit codes: 0 all there, 1 something is (still) missing.
set -euo pipefail

packages=(
  aria2               # test/e2e: seeder and leecher
  transmission-cli    # test/e2e: leecher
  transmission-daemon # test/e2e: a client with many torrents
  python3-libtorrent  # test/e2e: leecher, the library under qBittorrent and Deluge
  chromium            # test/admin: the dashboard in a real browser
  prometheus          # test/admin: promtool reads the metrics and the rules, and Prometheus scrapes them
  pebble              # test/e2e: Let's Encrypt's own test authority
  nginx-light         # test/e2e: a proxy in front of HTTP
  haproxy             # test/e2e: a proxy in front of TCP, with the PROXY protocol
  wrk                 # bench: load over HTTP
  opentracker         # bench and test/query: a tracker that no one here wrote
  redis-server        # test/cluster: the engine between several trackers
  iproute2            # test/server, bench: network namespaces for --xdp
  shellcheck          # test/deploy: the installation script
  systemd             # test/deploy: systemd-analyze for the units
  qemu-user-static    # test/systems: the tracker on arm64, with the next two
  libc6-arm64-cross
  libstdc++6-arm64-cross
  rpm                 # test/deploy: the .rpm
  lintian             # test/deploy: the .deb as Debian wants it
  mmdebstrap          # test/deploy: a Debian to install the .deb and .rpm in
  docker-compose      # test/deploy: the compose files, without an engine
  caddy               # test/deploy: its configuration
)

missing() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
  done
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  printf '%s\n' "${packages[@]}"
  exit 1
fi
if [ "${1:-}" = --missing ]; then
  missing
  [ -z "$(missing)" ]
  exit
fi

# Two checkouts may test at once on one machine: apt itself waits for no one while it fetches its lists.
exec 9>/tmp/caracal-system-packages.lock
flock 9
mapfile -t wanted < <(missing)
[ ${#wanted[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "caracal: not root, cannot install: ${wanted[*]}" >&2
  exit 1
fi

# Packages such as opentracker start a daemon when they are installed; policy-rc.d is Debian's way to say no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

echo "caracal: installing ${wanted[*]} …" >&2
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
"${apt[@]}" update >&2
"${apt[@]}" install -y --no-install-recommends "${wanted[@]}" >&2

# Not now, and not at the next boot either.
if [ -d /run/systemd/system ]; then
  for package in "${wanted[@]}"; do systemctl disable --quiet "$package.service" 2>/dev/null || true; done
fi
[ -z "$(missing)" ]
