#!/usr/bin/env bash
# Installs the tracker as a systemd service: steps 1, 2 and 4 to 6 of docs/install.md. Run it again to update.
# Works from a checkout and from the unpacked package. What the operator has changed is kept.
set -euo pipefail

usage() {
  cat <<'TEXT'
deploy/install.sh [options]

  --activated    let systemd open the sockets (tracker-activated.service and its sockets)
  --no-start     install and enable, do not start
  --dry-run      print what would be done, change nothing
  --uninstall    stop and remove the service and the program; settings, data and the user stay
  --purge        with --uninstall: remove settings, data and the user too
  --root DIR     install below DIR, for an image or a package: no user, no systemd commands
  --node FILE    the node to run with (default: the one on the PATH)
  -h, --help     this text
TEXT
}

dry_run=no
uninstall=no
purge=no
activated=no
start=yes
root=
node=

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --uninstall) uninstall=yes ;;
    --purge) purge=yes ;;
    --activated) activated=yes ;;
    --no-start) start=no ;;
    --root) root=$(realpath -m -- "${2:?--root needs a directory}") && shift ;;
    --node) node=${2:?--node needs a file} && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

source=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
program=$root/opt/tracker
settings=$root/etc/tracker
data=$root/var/lib/tracker
units=$root/etc/systemd/system
commands=$root/usr/local/bin
user=tracker
unit_files=(tracker.service tracker-activated.service tracker.socket tracker-http.socket tracker-https.socket)
marker='# Written by deploy/install.sh of the tracker; a new installation replaces it.'

say() { echo "install.sh: $*"; }

# Runs a command, or prints it.
run() {
  if [ "$dry_run" = yes ]; then
    printf 'would run:'
    printf ' %q' "$@"
    printf '\n'
  else
    "$@"
  fi
}

# write FILE MODE: standard input becomes the file, or its name is printed.
write() {
  if [ "$dry_run" = yes ]; then
    cat >/dev/null
    echo "would write: $1"
  else
    install -D -m "$2" /dev/stdin "$1"
  fi
}

has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
has_user() { [ -z "$root" ] && getent passwd "$user" >/dev/null; }

create_user() {
  if [ -n "$root" ]; then
    say "below $root no user is made; the service needs the system user $user"
  elif has_user; then
    say "user $user: already there"
  else
    run useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /sbin/nologin "$user"
  fi
}

find_node() {
  [ -n "$node" ] || node=$(command -v node) || fail 'there is no node on the PATH; docs/install.md says where to get it'
  node=$(realpath -- "$node")
  "$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    fail "$node is $("$node" --version); the tracker needs Node.js 20.19 or newer"
  case $node in
    /root/* | /home/*) fail "the service cannot run $node: its unit hides home directories. Install Node.js for all users" ;;
  esac
}

# The package as npm publishes it, with the packages that it needs; made beside the old one, then put in its place.
install_program() {
  local fresh=$program.new
  if [ "$dry_run" = yes ]; then
    echo "would install: $source to $program, with its packages (npm, no install scripts)"
  else
    rm -rf -- "$fresh"
    mkdir -p -- "$fresh"
    if [ -f "$source/scripts/build.mjs" ]; then
      say "packing $source"
      local packed
      packed=$(mktemp -d)
      (cd -- "$source" && npm pack --silent --pack-destination "$packed" >/dev/null)
      tar -xzf "$packed"/*.tgz -C "$fresh" --strip-components=1 --no-same-owner
      rm -rf -- "$packed"
      cp -- "$source/package-lock.json" "$fresh/"
    else
      tar -cf - -C "$source" --exclude=./node_modules . | tar -xf - -C "$fresh" --no-same-owner
    fi
    say 'installing its packages'
    local how=install
    [ ! -f "$fresh/package-lock.json" ] || how=ci
    (cd -- "$fresh" && npm "$how" --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
    # The service cannot change its own program; everybody may run tracker-query.
    [ "$(id -u)" -ne 0 ] || chown -R root:root -- "$fresh"
    chmod -R u=rwX,go=rX -- "$fresh"
    rm -rf -- "$program.old"
    [ ! -e "$program" ] || mv -- "$program" "$program.old"
    mv -- "$fresh" "$program"
  fi
  local name
  for name in server query; do
    write "$commands/tracker-$name" 755 <<TEXT
#!/bin/sh
$marker
exec '$node' '${program#"$root"}/dist/src/$name/main.js' "\$@"
TEXT
  done
}

install_settings() {
  # As StateDirectory= of the unit would make it; the check below wants to write there before the first start.
  if [ -z "$root" ] && [ ! -d "$data" ]; then run install -d -m 700 -o "$user" -g "$user" -- "$data"; fi
  if [ -e "$settings/tracker.toml" ]; then
    say "$settings/tracker.toml: kept"
    return
  fi
  run install -d -m 750 -- "$settings"
  write "$settings/tracker.toml" 640 <"$source/docs/tracker.example.toml"
  if [ -z "$root" ] && [ "$(id -u)" -eq 0 ]; then run chown -R "root:$user" -- "$settings"; fi
}

# A unit that was edited is kept; one that is as an earlier version shipped it is replaced.
install_units() {
  local name
  for name in "${unit_files[@]}"; do
    local there=$units/$name shipped=$source/deploy/$name before=$program.old/deploy/$name
    if [ ! -e "$there" ] || cmp -s -- "$there" "$before"; then
      run install -D -m 644 -- "$shipped" "$there"
    elif ! cmp -s -- "$there" "$shipped"; then
      say "$there was edited and is kept; what is new: diff $there ${program#"$root"}/deploy/$name"
    fi
  done
  install_notify_override
}

# Without koffi the tracker speaks to systemd through a command, which the unit has to allow.
install_notify_override() {
  [ "$dry_run" = no ] || return 0
  local name override
  for name in tracker tracker-activated; do
    override=$units/$name.service.d/notify.conf
    if (cd -- "$program" && "$node" -e 'require("koffi")' 2>/dev/null); then
      if [ -e "$override" ] && grep -qF "$marker" "$override"; then rm -f -- "$override"; fi
    else
      write "$override" 644 <<TEXT
$marker
[Service]
NotifyAccess=all
TEXT
    fi
  done
}

check_settings() {
  local check=("$commands/tracker-server" --config "$settings/tracker.toml" --data-dir "$data" --check)
  if [ -n "$root" ]; then return; fi
  if [ "$dry_run" = yes ]; then
    run "${check[@]}"
    return
  fi
  say 'checking the settings'
  local report code=0
  # As the user and with the one capability that the service has.
  report=$(setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps +net_bind_service \
    --ambient-caps +net_bind_service -- "${check[@]}" 2>&1) || code=$?
  grep -E '^(# )?(warning|error)|^tracker-server:' <<<"$report" || true
  [ "$code" -ne 2 ] || fail "the settings are wrong; mend $settings/tracker.toml and run this again"
}

start_service() {
  local wanted=(tracker.service) service=tracker.service
  if [ "$activated" = yes ]; then
    wanted=(tracker.socket tracker-http.socket)
    service=tracker-activated.service
  fi
  if ! has_systemd; then
    say "systemd does not run here; start it with: systemctl enable --now ${wanted[*]}"
    return
  fi
  run systemctl daemon-reload
  if [ "$activated" = yes ]; then
    run systemctl disable --quiet --now tracker.service
  else
    run systemctl disable --quiet --now tracker.socket tracker-http.socket tracker-https.socket
    run systemctl stop tracker-activated.service
  fi
  run systemctl enable --quiet "${wanted[@]}"
  if [ "$start" = no ]; then return; fi
  if [ "$activated" = yes ]; then run systemctl start "${wanted[@]}"; fi
  # Returns when the tracker has said that it is ready.
  run systemctl restart "$service" || fail "it did not start; see: journalctl -u ${service%.service} -n 20"
  run systemctl --no-pager --lines=5 status "$service"
}

remove() {
  if has_systemd; then
    local name
    for name in "${unit_files[@]}"; do
      if [ -e "$units/$name" ]; then run systemctl disable --quiet --now "$name"; fi
    done
  fi
  local file
  for file in "${unit_files[@]/#/"$units/"}"; do
    if [ -e "$file" ]; then run rm -f -- "$file"; fi
  done
  for file in "$units"/tracker{,-activated}.service.d/notify.conf "$commands"/tracker-{server,query}; do
    if [ -e "$file" ] && grep -qF "$marker" "$file"; then run rm -f -- "$file"; fi
  done
  for file in "$units"/tracker{,-activated}.service.d; do
    if [ -d "$file" ]; then run rmdir --ignore-fail-on-non-empty -- "$file"; fi
  done
  for file in "$program" "$program.old" "$program.new"; do
    if [ -e "$file" ]; then run rm -rf -- "$file"; fi
  done
  if has_systemd; then run systemctl daemon-reload; fi
  if [ "$purge" = no ]; then
    say "$settings, $data and the user $user stay; --purge removes them"
    return
  fi
  for file in "$settings" "$data"; do
    if [ -e "$file" ]; then run rm -rf -- "$file"; fi
  done
  if has_user; then run userdel "$user"; fi
}

if [ -z "$root" ] && [ "$dry_run" = no ] && [ "$(id -u)" -ne 0 ]; then
  fail 'this needs root; --dry-run shows what it would do'
fi

if [ "$uninstall" = yes ]; then
  remove
  exit
fi

find_node
command -v npm >/dev/null || fail 'there is no npm on the PATH; it comes with Node.js'
create_user          # step 1
install_program      # step 2
install_settings     # step 4
install_units
check_settings
start_service        # steps 5 and 6
if [ "$dry_run" = no ]; then
  rm -rf -- "$program.old"
  say "done: $("$node" "$program/dist/src/server/main.js" --version)"
fi
