#!/usr/bin/env bash
# Installs the tracker as a systemd service: steps 1, 2 and 4 to 6 of docs/install.md. Run it again to update.
# Works from a checkout and from the unpacked package. What the operator has changed is kept, an earlier tracker is backed
# up and its flags carried over, and what fails is undone.
set -euo pipefail

usage() {
  cat <<'TEXT'
deploy/install.sh [options]

  --activated    let systemd open the sockets (tracker-activated.service and its sockets)
  --no-start     install and enable, do not start
  --dry-run      print what would be done, change nothing
  --rollback     put back what the last installation replaced: program, units, settings, services
  --uninstall    stop and remove the service and the program; settings, data and the user stay
  --purge        with --uninstall: remove settings, data and the user too
  --root DIR     install below DIR, for an image or a package: no user, no systemd commands
  --node FILE    the node to run with (default: the one on the PATH)
  -h, --help     this text
TEXT
}

dry_run=no
action=install
purge=no
activated=no
start=yes
root=
node=

say() { echo "install.sh: $*"; }

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

# misuse WHY: exit code 2.
misuse() {
  echo "install.sh: $*" >&2
  usage >&2
  exit 2
}

# become ACTION: --rollback and --uninstall are one or the other.
become() {
  [ "$action" = install ] || misuse "--$action and --$1 contradict each other"
  action=$1
}

while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --uninstall) become uninstall ;;
    --rollback) become rollback ;;
    --purge) purge=yes ;;
    --activated) activated=yes ;;
    --no-start) start=no ;;
    --root)
      [ -n "${2-}" ] || misuse '--root needs a directory'
      root=$(realpath -m -- "$2")
      root=${root%/}
      shift
      ;;
    --node)
      [ -n "${2-}" ] || misuse '--node needs a file'
      node=$2
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    *) misuse "unknown option $1" ;;
  esac
  shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || misuse '--purge goes with --uninstall; alone it does nothing'
if [ "$action" != install ]; then
  [ "$activated$start" = noyes ] || misuse "--activated and --no-start do not go with --$action"
fi

source=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
program=$root/opt/tracker
settings=$root/etc/tracker
data=$root/var/lib/tracker
units=$root/etc/systemd/system
commands=$root/usr/local/bin
share=$root/usr/local/share
user=tracker
unit_files=(tracker.service tracker@.service tracker-activated.service tracker.socket tracker-http.socket tracker-https.socket)

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

parts=$source/deploy/install
# shellcheck source-path=SCRIPTDIR source=install/backup.sh
. "$parts/backup.sh"
# shellcheck source-path=SCRIPTDIR source=install/earlier-tracker.sh
. "$parts/earlier-tracker.sh"
# shellcheck source-path=SCRIPTDIR source=install/program.sh
. "$parts/program.sh"
# shellcheck source-path=SCRIPTDIR source=install/settings.sh
. "$parts/settings.sh"
# shellcheck source-path=SCRIPTDIR source=install/units.sh
. "$parts/units.sh"

if [ -z "$root" ] && [ "$dry_run" = no ] && [ "$(id -u)" -ne 0 ]; then
  fail 'this needs root; --dry-run shows what it would do'
fi

case $action in
  rollback)
    roll_back
    exit
    ;;
  uninstall)
    find_earlier_tracker
    remove_units
    remove_program
    if has_systemd; then run systemctl daemon-reload; fi
    if [ "$purge" = yes ]; then
      remove_settings
    else
      say "$settings, $data and the user $user stay; --purge removes them"
    fi
    exit
    ;;
esac

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

find_node
find_earlier_tracker
if [ -n "$earlier_unit" ]; then carry_flags_over; fi
backup=$(new_backup)
show_plan
trap go_back EXIT
begin_backup
create_user          # step 1
prepare_program      # step 2
propose_settings     # step 4
check_settings
begin_swap
remove_earlier_tracker
swap_program
install_settings
install_units
start_service        # steps 5 and 6
trap 'rm -rf -- "$work"' EXIT
if [ "$dry_run" = no ]; then
  finish_backup
  say "done: $("$node" "$program/dist/src/server/main.js" --version)"
  say "what was there before is in $backup; back to it: $program/deploy/install.sh --rollback"
fi
