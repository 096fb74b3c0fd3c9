# bash completion for caracal
_caracal() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' word words
  COMPREPLY=()
  case $prev in
    --host) return ;;
    --http-port) return ;;
    --udp-port) return ;;
    --xdp) return ;;
    --https-port) return ;;
    --cert) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --key) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --domain) return ;;
    --acme-domain) return ;;
    --acme-email) return ;;
    --acme-directory) return ;;
    --acme-http-port) return ;;
    --interval) return ;;
    --min-interval) return ;;
    --peer-ttl) return ;;
    --max-peers) return ;;
    --max-scrape-hashes) return ;;
    --tracker-id) return ;;
    --ws-origin) return ;;
    --deny-ws-origin) return ;;
    --trusted-proxy) return ;;
    --allow-list) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --deny-list) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --allow-client) return ;;
    --deny-client) return ;;
    --deny-ip) return ;;
    --rate-limit) return ;;
    --refused-ports) return ;;
    --memory-limit) return ;;
    --data-dir) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --snapshot-interval) return ;;
    --workers) return ;;
    --stream-workers) return ;;
    --cluster) return ;;
    --cluster-node) return ;;
    --cluster-secret-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --admin-port) return ;;
    --admin-host) return ;;
    --admin-allowed-host) return ;;
    --admin-token-file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --admin-socket) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    --log-ip) COMPREPLY=($(compgen -W 'full truncated off' -- "$cur")); return ;;
    --log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")); return ;;
    --config) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
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
    --from) COMPREPLY=($(compgen -W 'opentracker bittorrent-tracker chihaya aquatic torrust wildkat' -- "$cur")); return ;;
    --to) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in query|doctor|import|completion|status|top|swarm|cluster|reload|snapshot|deny|undeny|denied|drop|help) command=$word; break ;; esac
  done
  case $command in
    query) words='-t --tracker -H --hash -e --event -n --num-want -L --left -s --scrape --full-scrape --port -r --random-qb --no-cleanup --timeout -4 --ipv4 -6 --ipv6 -k --insecure -b --batch -f --file --jobs -d --delay -R --retry --watch -o --format -p --show-peers -l --lookup --nocolor -h --help' ;;
    doctor) words='-H --hash --timeout -4 --ipv4 -6 --ipv6 -k --insecure -o --format --strict --nocolor -h --help' ;;
    import) [[ $cur == -* ]] || { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return; }; words='--from --to --force -h --help' ;;
    completion) words='-h --help bash zsh fish' ;;
    status) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    top) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    swarm) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    cluster) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    reload) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    snapshot) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    deny) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    undeny) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    denied) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    drop) words='--json --data-dir --admin-port --admin-host --admin-token-file --admin-socket --config' ;;
    help) words='query doctor import completion status top swarm cluster reload snapshot deny undeny denied drop' ;;
    *) words='--host --http-port --udp-port --xdp --no-xdp-shield --io-uring --ipv6 --https-port --cert --key --redirect-http --domain --acme-domain --acme-email --acme-directory --acme-http-port --interval --min-interval --peer-ttl --max-peers --max-scrape-hashes --full-scrape --tracker-id --no-ipv4-mapped --no-webtorrent --ws-origin --deny-ws-origin --trusted-proxy --proxy-protocol --allow-list --deny-list --allow-client --deny-client --deny-ip --rate-limit --refused-ports --memory-limit --data-dir --takeover --snapshot-interval --workers --stream-workers --cluster --cluster-node --cluster-secret-file --admin-port --admin-host --admin-allowed-host --admin-token-file --admin-socket -v --verbose --log-ip --log-format --config --check -h --help --version query doctor import completion status top swarm cluster reload snapshot deny undeny denied drop help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _caracal caracal
