#!/bin/sh
# After an upgrade: has every tracker that runs replaced by the program that is installed now, without a request lost
# (SIGUSR2, docs/install.md). One that cannot be replaced goes on, and is named. Always exit code 0: the upgrade is done.

# How many processes a unit has; while a takeover is under way there are two.
processes() {
  group=$(systemctl show --value -p ControlGroup "$1")
  cat "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs" 2>/dev/null | wc -l
}

main_process() { systemctl show --value -p MainPID "$1"; }

# take_over UNIT: waits until another process serves, or none is about to.
take_over() {
  before=$(main_process "$1")
  systemctl kill --kill-who=main --signal=SIGUSR2 "$1" || return 1
  alone=0
  for _ in $(seq 600); do
    sleep 0.2
    now=$(main_process "$1")
    if [ "$now" != "$before" ] && [ "$now" != 0 ] && [ ! -e "/proc/$before" ]; then return 0; fi
    if [ "$(processes "$1")" -le 1 ] && [ "$now" = "$before" ]; then alone=$((alone + 1)); else alone=0; fi
    if [ "$alone" -ge 25 ]; then return 1; fi
  done
  return 1
}

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl list-units --plain --no-legend --state=active 'tracker.service' 'tracker-activated.service' 'tracker@*.service' |
  while read -r unit _; do
    # One of another origin, such as deploy/install.sh's, is not this package's to replace.
    case $(systemctl show --value -p ExecStart "$unit") in *path=/usr/bin/tracker-server*) ;; *) continue ;; esac
    if take_over "$unit"; then
      echo "caracal: $unit runs the new version; no request was lost"
    else
      echo "caracal: $unit still runs the earlier version, see: journalctl -u $unit -n 20" >&2
      echo "caracal: when that is mended: systemctl restart $unit" >&2
    fi
  done
exit 0
