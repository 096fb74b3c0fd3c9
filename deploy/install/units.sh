# shellcheck shell=bash disable=SC2034,SC2154 # its variables are those of install.sh
# The systemd units, and the service that they start. Sourced by install.sh.

# A unit that was edited is kept; one that is as an earlier version shipped it is replaced.
install_units() {
  local name
  for name in "${unit_files[@]}"; do
    local there=$units/$name shipped=$source/deploy/$name before=$backup/files${program#"$root"}/deploy/$name
    if [ ! -e "$there" ] || cmp -s -- "$there" "$before" || [ "$there" = "$earlier_unit" ]; then
      remember "$there"
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
  for name in tracker tracker@ tracker-activated; do
    override=$units/$name.service.d/notify.conf
    if (cd -- "$program" && "$node" -e 'require("@koromix/koffi-linux-" + process.arch)' 2>/dev/null); then
      if [ -e "$override" ] && grep -qF "$marker" "$override"; then
        remember "$override"
        rm -f -- "$override"
      fi
    else
      remember "$override"
      write "$override" 644 <<TEXT
$marker
[Service]
NotifyAccess=all
TEXT
    fi
  done
}

start_service() {
  local wanted=(tracker.service) service=tracker.service
  if [ "$activated" = yes ]; then
    wanted=(tracker.socket tracker-http.socket)
    # Without a socket from systemd it would listen in a network of its own, where nobody asks.
    if grep -qsE '^ *https-port *= *\[? *[1-9"]' -- "$settings/tracker.toml"; then wanted+=(tracker-https.socket); fi
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
  if [ "$activated" = yes ]; then
    # systemd opens no further socket for a service that runs already.
    local socket
    for socket in "${wanted[@]}"; do
      systemctl is-active --quiet "$socket" || run systemctl stop "$service"
    done
    run systemctl start "${wanted[@]}"
  fi
  # Returns when the tracker has said that it is ready.
  run systemctl restart "$service" || fail "it did not start; see: journalctl -u ${service%.service} -n 20"
  run systemctl --no-pager --lines=5 status "$service"
  local instance
  for instance in $(running_instances); do
    say "$instance runs the program of before; when it suits: systemctl restart $instance"
  done
}

# Of tracker@.service.
running_instances() { systemctl list-units --plain --no-legend 'tracker@*.service' | cut -d ' ' -f 1; }

# Those of tracker@.service that run, and those that would at the next boot.
stop_instances() {
  local instance link
  for instance in $(running_instances); do run systemctl stop "$instance"; done
  for link in "$units"/*.wants/tracker@*.service; do
    if [ -L "$link" ]; then run systemctl disable --quiet "${link##*/}"; fi
  done
}

remove_units() {
  local name file
  for name in "${unit_files[@]}"; do
    file=$units/$name
    if [ ! -e "$file" ]; then
      continue
    elif starts_earlier_tracker "$file"; then
      say "$file starts the earlier tracker and stays"
    else
      if has_systemd && [ "$name" = tracker@.service ]; then
        stop_instances
      elif has_systemd; then
        run systemctl disable --quiet --now "$name"
      fi
      run rm -f -- "$file"
    fi
  done
  for file in "$units"/tracker{,@,-activated}.service.d/notify.conf; do
    if [ -e "$file" ] && grep -qF "$marker" "$file"; then run rm -f -- "$file"; fi
  done
  for file in "$units"/tracker{,@,-activated}.service.d; do
    if [ -d "$file" ]; then run rmdir --ignore-fail-on-non-empty -- "$file"; fi
  done
}
