# shellcheck shell=bash disable=SC2034,SC2154 # its variables are those of install.sh
# What was there before an installation, and the way back to it. Sourced by install.sh.

backups=$root/var/backups/tracker
# The backup of this run.
backup=
# Units whose state is remembered besides those that are shipped.
other_units=()

# Its name, before it is made.
new_backup() {
  local path
  path=$backups/$(date +%Y%m%dT%H%M%S)
  while [ -e "$path" ]; do path=$path+; done
  echo "$path"
}

begin_backup() {
  if [ "$dry_run" = yes ]; then return; fi
  install -d -m 700 -- "$backups" "$backup" "$backup/files"
  : >"$backup/present"
  : >"$backup/absent"
  remember_units >"$backup/units"
}

# From here on services are stopped and files replaced.
begin_swap() { [ "$dry_run" = yes ] || : >"$backup/swapped"; }

finish_backup() {
  : >"$backup/complete"
  prune_backups
}

# As lines `enabled NAME` and `active NAME`.
remember_units() {
  has_systemd || return 0
  local name
  for name in "${unit_files[@]}" "${other_units[@]}"; do
    if systemctl is-enabled --quiet "$name" 2>/dev/null; then echo "enabled $name"; fi
    if systemctl is-active --quiet "$name" 2>/dev/null; then echo "active $name"; fi
  done
}

# remember PATH: before the first change of it. A second time does nothing. Paths are kept without --root.
remember() {
  if [ "$dry_run" = yes ]; then return; fi
  local path=${1#"$root"}
  if grep -qxF -- "$path" "$backup/present" "$backup/absent"; then return; fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    install -d -- "$(dirname -- "$backup/files$path")"
    cp -a -- "$1" "$backup/files$path"
    echo "$path" >>"$backup/present"
  else
    echo "$path" >>"$backup/absent"
  fi
}

# put_back DIRECTORY: every file as it was remembered there, and the services that ran.
put_back() {
  local from=$1 path state name
  # Whatever ran goes on running when nothing was put in its place yet.
  if has_systemd && [ -e "$from/swapped" ]; then
    for name in "${unit_files[@]}"; do
      # Instances of the template run on, with the program that is put back once they are restarted.
      if [ "$name" = tracker@.service ]; then continue; fi
      if [ -e "$units/$name" ]; then systemctl disable --quiet --now "$name" || true; fi
    done
  fi
  while IFS= read -r path; do rm -rf -- "$root$path"; done <"$from/absent"
  while IFS= read -r path; do
    rm -rf -- "$root$path"
    mkdir -p -- "$(dirname -- "$root$path")"
    cp -a -- "$from/files$path" "$root$path"
  done <"$from/present"
  if ! has_systemd || [ ! -e "$from/swapped" ]; then return 0; fi
  systemctl daemon-reload
  while read -r state name; do
    case $state in
      enabled) systemctl enable --quiet "$name" ;;
      active) systemctl start "$name" ;;
    esac || say "systemctl could not bring $name back; see: journalctl -u $name -n 20"
  done <"$from/units"
}

# When a run ends before its time: nothing may be left half done.
go_back() {
  local code=$?
  trap - EXIT
  rm -rf -- "$work" "$fresh" "$settings/tracker.toml.new"
  if [ -n "$backup" ] && [ -d "$backup" ]; then
    say 'it failed; putting back what was there'
    put_back "$backup"
    rm -rf -- "$backup"
    say 'everything is as it was'
  fi
  exit "$code"
}

# The last backup of an update is enough; those of an earlier tracker stay until somebody removes them.
prune_backups() {
  local each
  for each in "$backups"/*/; do
    each=${each%/}
    if [ "$each" != "$backup" ] && [ ! -e "$each/earlier" ]; then rm -rf -- "$each"; fi
  done
}

roll_back() {
  local each last=
  for each in "$backups"/*/; do
    if [ -f "$each/complete" ]; then last=${each%/}; fi
  done
  [ -n "$last" ] || fail "there is nothing to go back to in $backups"
  if [ "$dry_run" = yes ]; then
    say "would put back from $last:"
    sed 's/^/  /' "$last/present"
    say 'and remove what was not there before:'
    sed 's/^/  /' "$last/absent"
    return
  fi
  # Settings that somebody has worked on since are worth keeping, beside.
  local written=$last/settings
  if [ -e "$settings/tracker.toml" ] && [ -e "$written" ] && ! cmp -s -- "$settings/tracker.toml" "$written"; then
    cp -a -- "$settings/tracker.toml" "$settings/tracker.toml.rolled-back"
    say "the settings as they were until now: $settings/tracker.toml.rolled-back"
  fi
  put_back "$last"
  rm -rf -- "$last"
  say 'everything is as it was before the last installation'
}
