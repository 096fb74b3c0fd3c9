# shellcheck shell=bash disable=SC2034,SC2154 # its variables are those of install.sh
# The earlier tracker (a Python script and its unit): where it is, and what its flags become. Sourced by install.sh.

# What starts it, empty when there is none, and the directory of its script.
earlier_unit=
earlier_drop_ins=()
earlier_script='^[^#;]*(tracker_server\.py|/opt/tracker/[^/ ]+\.py)'
# Settings made of its flags, and what could not be carried over.
carried=
not_carried=

# is_ours DIRECTORY: it holds this program, of whatever version.
is_ours() { [ -f "$1/package.json" ] && grep -qs '"name": *"caracal"' -- "$1/package.json"; }

# starts_earlier_tracker FILE
starts_earlier_tracker() { [ -f "$1" ] && grep -qsE -- "$earlier_script" "$1"; }

find_earlier_tracker() {
  local directory file found=()
  for directory in "$units" "$root"/{run,usr/local/lib,usr/lib,lib}/systemd/system; do
    for file in "$directory"/*.service; do
      if starts_earlier_tracker "$file"; then
        # /lib is a link to /usr/lib; a unit shadows one of its name in a later directory.
        case " ${found[*]##*/} " in *" ${file##*/} "*) ;; *) found+=("$file") ;; esac
      fi
    done
  done
  [ ${#found[@]} -gt 0 ] || return 0
  for file in "${found[@]}"; do
    if [ "${file##*/}" = tracker.service ]; then found=("$file"); fi
  done
  [ ${#found[@]} -eq 1 ] ||
    fail "several units start the earlier tracker (${found[*]}); remove those that are not in use, then run this again"
  earlier_unit=${found[0]}
  local name=${earlier_unit##*/}
  for directory in "$root"/{usr/lib,run,etc}/systemd/system/"$name.d"; do
    for file in "$directory"/*.conf; do
      if [ -f "$file" ]; then earlier_drop_ins+=("$file"); fi
    done
  done
  if [ "$name" != tracker.service ]; then other_units=("$name"); fi
}

# Into the files $carried and $not_carried, which belong to the caller.
carry_flags_over() {
  carried=$work/carried.toml
  not_carried=$work/not-carried
  "$node" "$source/deploy/install/settings-from-unit.mjs" \
    "$root" "$source/docs/tracker.example.toml" "$earlier_unit" "${earlier_drop_ins[@]}" \
    >"$carried" 2>"$not_carried" || fail "$earlier_unit cannot be read: $(cat -- "$not_carried")"
}

show_plan() {
  local what=()
  if [ -e "$program" ] && ! is_ours "$program"; then what+=("$program"); fi
  if [ -n "$earlier_unit" ]; then what+=("$earlier_unit" "${earlier_drop_ins[@]}"); fi
  [ ${#what[@]} -gt 0 ] || return 0
  say "an earlier tracker is here. The plan:"
  say "  1. back up to $backup: ${what[*]}"
  if [ -n "$earlier_unit" ] && [ ! -e "$settings/tracker.toml" ]; then
    say "  2. the flags of $earlier_unit become $settings/tracker.toml:"
    grep -vE '^(#|$)' -- "$carried" | sed 's/^/       /' || true
  elif [ -n "$earlier_unit" ]; then
    say "  2. $settings/tracker.toml is there and is kept; the flags of $earlier_unit go beside it, tracker.toml.carried:"
    grep -vE '^(#|$)' -- "$carried" | sed 's/^/       /' || true
  else
    say "  2. no unit starts it, so there are no flags to carry over"
  fi
  if [ -n "$earlier_unit" ] && [ -s "$not_carried" ]; then sed 's/^/       look at this: /' -- "$not_carried"; fi
  say "  3. check the new program with these settings; if it would not start, stop here with nothing changed"
  say "  4. stop the earlier tracker, put the new one in its place, start it; if it fails, put everything back"
  say "  Later: $program/deploy/install.sh --rollback goes back to the earlier tracker"
}

# After the backup, before the new program and units are put in place.
remove_earlier_tracker() {
  [ -n "$earlier_unit" ] || return 0
  if [ "$dry_run" = no ]; then echo "$earlier_unit" >"$backup/earlier"; fi
  local name=${earlier_unit##*/} file
  # With --no-start it serves on until the new one is started.
  local now=--now
  [ "$start" = yes ] || now=--no-warn
  if has_systemd; then run systemctl disable --quiet "$now" "$name" || true; fi
  # A unit of another name, or of a package, stays where it is: it is only not enabled any more.
  if [ "$earlier_unit" = "$units/tracker.service" ]; then
    remember "$earlier_unit"
    run rm -f -- "$earlier_unit"
  fi
  if [ "$name" = tracker.service ]; then
    for file in "${earlier_drop_ins[@]}"; do
      if grep -qE '^ *ExecStart' -- "$file"; then
        remember "$file"
        run rm -f -- "$file"
        say "$file started the earlier tracker; it is in the backup"
      else
        say "$file is kept, and counts for the new unit too"
      fi
    done
  fi
}

# Certificates that lay beside the script went into the backup with it.
keep_certificates() {
  [ -n "$earlier_unit" ] || return 0
  local setting file name
  for setting in cert key; do
    file=$(sed -nE "s/^$setting = \"(.*)\"\$/\\1/p" -- "$carried")
    case $file in
      /opt/tracker/*)
        name=${file##*/}
        if [ ! -f "$root$file" ]; then continue; fi
        remember "$settings/$name"
        run install -D -m 640 -- "$root$file" "$settings/$name"
        if [ "$dry_run" = no ]; then sed -i "s|^$setting = .*|$setting = \"/etc/tracker/$name\"|" -- "$carried"; fi
        say "$file lay in the directory of the program: copied to $settings/$name; a renewal must write it there from now on"
        ;;
    esac
  done
}
