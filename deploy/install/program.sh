# shellcheck shell=bash disable=SC2034,SC2154 # its variables are those of install.sh
# The program with its packages, its commands, manual pages and completions. Sourced by install.sh.

fresh=$program.new
marker='# Written by deploy/install.sh of the tracker; a new installation replaces it.'

find_node() {
  [ -n "$node" ] || node=$(command -v node) || fail 'there is no node on the PATH; docs/install.md says where to get it'
  node=$(realpath -- "$node")
  "$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    fail "$node is $("$node" --version); the tracker needs Node.js 20.19 or newer"
  case $node in
    /root/* | /home/*) fail "the service cannot run $node: its unit hides home directories. Install Node.js for all users" ;;
  esac
  command -v npm >/dev/null || fail 'there is no npm on the PATH; it comes with Node.js'
}

# The package as npm publishes it, with the packages that it needs, beside the one that is in use.
prepare_program() {
  if [ "$dry_run" = yes ]; then
    echo "would install: $source to $program, with its packages (npm, no install scripts)"
    return
  fi
  rm -rf -- "$fresh"
  mkdir -p -- "$fresh"
  if [ -f "$source/scripts/build.mjs" ]; then
    say "packing $source"
    (cd -- "$source" && npm pack --silent --pack-destination "$work" >/dev/null)
    tar -xzf "$work"/*.tgz -C "$fresh" --strip-components=1 --no-same-owner
    cp -- "$source/package-lock.json" "$fresh/"
    # Says the same for those who have no lock file, and npm would take it first.
    rm -f -- "$fresh/npm-shrinkwrap.json"
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
}

swap_program() {
  remember "$program"
  if [ -e "$program" ]; then run rm -rf -- "$program"; fi
  run mv -- "$fresh" "$program"
  local name main file
  while read -r name main; do
    remember "$commands/$name"
    write "$commands/$name" 755 <<TEXT
#!/bin/sh
$marker
exec '$node' '${program#"$root"}/dist/src/$main' "\$@"
TEXT
  done < <(list_commands)
  while read -r file name; do
    remember "$name"
    run install -D -m 644 -- "$source/$file" "$name"
  done < <(list_manuals)
}

# Lines `COMMAND, ITS FILE BELOW dist/src`.
list_commands() {
  echo 'caracal main.js'
  echo 'tracker-server server/main.js'
  echo 'tracker-query query/main.js'
}

# What `man` and the shells find by themselves: lines `FILE OF THE PACKAGE, INSTALLED FILE`.
list_manuals() {
  local name rest
  list_commands | while read -r name rest; do
    echo "man/$name.1 $share/man/man1/$name.1"
    echo "completions/$name.bash $share/bash-completion/completions/$name"
    echo "completions/$name.zsh $share/zsh/site-functions/_$name"
    echo "completions/$name.fish $share/fish/vendor_completions.d/$name.fish"
  done
}

remove_program() {
  local file name
  while read -r file name; do
    if [ ! -e "$name" ]; then
      continue
    elif cmp -s -- "$name" "$program/$file"; then
      run rm -f -- "$name"
    else
      say "$name is not as it was installed and stays"
    fi
  done < <(list_manuals)
  for name in "$commands"/{caracal,tracker-server,tracker-query}; do
    if [ -e "$name" ] && grep -qF "$marker" "$name"; then run rm -f -- "$name"; fi
  done
  for name in "$program" "$program.old" "$fresh"; do
    if [ ! -e "$name" ]; then
      continue
    elif [ "$name" = "$fresh" ] || is_ours "$name"; then
      run rm -rf -- "$name"
    else
      say "$name is not this program and stays"
    fi
  done
}
