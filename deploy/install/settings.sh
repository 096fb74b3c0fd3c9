# shellcheck shell=bash disable=SC2034,SC2154 # its variables are those of install.sh
# /etc/tracker/tracker.toml: written once, from the earlier tracker's flags or the example. Sourced by install.sh.

# The file that the new program will start with, before it is in its place.
proposed=

create_user() {
  if [ -n "$root" ]; then
    say "below $root no user is made; the service needs the system user $user"
  elif has_user; then
    say "user $user: already there"
  else
    run useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /sbin/nologin "$user"
  fi
}

# For the group of the service, and nobody else.
give_to_service() {
  if [ -z "$root" ] && [ "$(id -u)" -eq 0 ]; then run chown -R "root:$user" -- "$settings"; fi
}

propose_settings() {
  # As StateDirectory= of the unit would make it; the check wants to write there before the first start.
  if [ -z "$root" ] && [ ! -d "$data" ]; then run install -d -m 700 -o "$user" -g "$user" -- "$data"; fi
  if [ ! -d "$settings" ]; then run install -d -m 750 -- "$settings"; fi
  keep_certificates
  if [ -e "$settings/tracker.toml" ]; then
    say "$settings/tracker.toml: kept"
    proposed=$settings/tracker.toml
    if [ -n "$earlier_unit" ]; then write "$settings/tracker.toml.carried" 640 <"$carried"; fi
  else
    proposed=$settings/tracker.toml.new
    write "$proposed" 640 <"${carried:-$source/docs/tracker.example.toml}"
  fi
  give_to_service
}

# With the new program, as the user and with the one capability that the service has. Ports that are in use are no fault:
# the tracker that is to be replaced has them. What else has one is found at the start.
check_settings() {
  local check=("$node" "$fresh/dist/src/server/main.js" --config "$proposed" --data-dir "$data" --check)
  if [ -n "$root" ]; then return; fi
  if [ "$dry_run" = yes ]; then
    run "${check[@]}"
    return
  fi
  say 'checking the settings'
  local report code=0
  report=$(setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps +net_bind_service \
    --ambient-caps +net_bind_service -- "${check[@]}" 2>&1) || code=$?
  local taken='^# error .*(the port is in use|another tracker runs on)'
  # Whatever it was that it could not say.
  grep -qE '^(# )?(warning|error)|^tracker-server:|^# It would start' <<<"$report" || tail -n 5 <<<"$report"
  grep -E '^(# )?(warning|error)|^tracker-server:' <<<"$report" |
    grep -vE "$taken|^tracker-server: it would not start here" || true
  if [ "$code" -eq 0 ]; then return; fi
  if [ "$code" -eq 1 ] && grep -qE "$taken" <<<"$report" &&
    ! grep -E '^# error' <<<"$report" | grep -qvE "$taken"; then
    say 'ports or data are in use now, as they are while the tracker that is to be replaced runs'
    return
  fi
  if [ "$proposed" = "$settings/tracker.toml" ]; then
    fail "the new program would not start with $proposed; mend it and run this again. What runs now goes on"
  fi
  mv -- "$proposed" "$settings/tracker.toml.rejected"
  fail "the new program would not start with these settings; mend $settings/tracker.toml.rejected, \
name it tracker.toml and run this again. What runs now goes on"
}

install_settings() {
  if [ "$proposed" = "$settings/tracker.toml" ]; then return; fi
  remember "$settings/tracker.toml"
  run mv -- "$proposed" "$settings/tracker.toml"
  if [ "$dry_run" = no ]; then cp -a -- "$settings/tracker.toml" "$backup/settings"; fi
}

remove_settings() {
  local file
  for file in "$settings" "$data"; do
    if [ -e "$file" ]; then run rm -rf -- "$file"; fi
  done
  for file in "$backups"/*/earlier; do
    if [ -e "$file" ]; then
      say "${file%/*} holds the earlier tracker and stays, as does the user $user"
      return
    fi
  done
  if [ -e "$backups" ]; then run rm -rf -- "$backups"; fi
  if has_user && [ -z "$earlier_unit" ]; then run userdel "$user"; fi
}
