# bash completion for tracker-query
_tracker_query() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' word words
  COMPREPLY=()
  case $prev in
    -t|--tracker) return ;;
    -H|--hash) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    -e|--event) COMPREPLY=($(compgen -W 'started completed stopped paused none' -- "$cur")); return ;;
    -n|--num-want) return ;;
    -L|--left) return ;;
    --port) return ;;
    --timeout) return ;;
    -f|--file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --jobs) return ;;
    -d|--delay) return ;;
    --watch) return ;;
    -o|--format) COMPREPLY=($(compgen -W 'table json jsonl csv' -- "$cur")); return ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in doctor|completion|help) command=$word; break ;; esac
  done
  case $command in
    doctor) words='-H --hash --timeout -4 --ipv4 -6 --ipv6 -k --insecure -o --format --strict --nocolor -h --help' ;;
    completion) words='-h --help bash zsh fish' ;;
    help) words='doctor completion' ;;
    *) words='-t --tracker -H --hash -e --event -n --num-want -L --left -s --scrape --full-scrape --port -r --random-qb --no-cleanup --timeout -4 --ipv4 -6 --ipv6 -k --insecure -b --batch -f --file --jobs -d --delay -R --retry --watch -o --format -p --show-peers -l --lookup --nocolor -h --help -V --version doctor completion help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _tracker_query tracker-query
