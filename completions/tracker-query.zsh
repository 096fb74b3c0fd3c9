#compdef tracker-query
_tracker_query() {
  case ${words[2]} in
    doctor)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(-H --hash)'{-H,--hash}'[torrent to announce, where the tracker serves only some\: 40 or 64 hex digits, base32, a magnet link or a .torrent file (default\: a random hash)]:HASH:_files' \
        '(--timeout)--timeout[most seconds that one query may take in all]:SEC: ' \
        '(-4 --ipv4)'{-4,--ipv4}'[use IPv4 only]' \
        '(-6 --ipv6)'{-6,--ipv6}'[use IPv6 only]' \
        '(-k --insecure)'{-k,--insecure}'[do not verify the certificate of an https or wss tracker]' \
        '(-o --format)'{-o,--format}'[table for people, json or jsonl (the same in one line) for programs]:FORMAT:(table json jsonl)' \
        '(--strict)--strict[end with exit code 1 on a warning too]' \
        '(--nocolor)--nocolor[no colour; so do NO_COLOR and an output that is no terminal]' \
        '(-h --help)'{-h,--help}'[print a help text]' \
        '1:URL|HOST: '
      ;;
    completion)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(-h --help)'{-h,--help}'[print a help text]' \
        '1:SHELL:(bash zsh fish)'
      ;;
    help)
      shift words; (( CURRENT-- ))
      _arguments -s -S  \
        '1:[COMMAND]:(doctor completion)'
      ;;
    *)
      _arguments -s -S \
        '(-t --tracker)'{-t,--tracker}'[announce URL of the tracker\: http\://, https\://, udp\://, ws\:// or wss\://]:URL: ' \
        '*'{-H,--hash}'[torrent\: 40 or 64 hex digits, base32, a magnet link or a .torrent file; repeatable with -s; without -t its own trackers are asked (default\: a random hash)]:HASH:_files' \
        '(-e --event)'{-e,--event}'[what the announce says has happened]:EVENT:(started completed stopped paused none)' \
        '(-n --num-want)'{-n,--num-want}'[peers to ask for; -1 leaves it to the tracker]:N: ' \
        '(-L --left)'{-L,--left}'[bytes still to download; 0 makes a seeder (default\: 0 if completed, else 1000000000)]:BYTES: ' \
        '(-s --scrape)'{-s,--scrape}'[scrape instead of announcing]' \
        '(--full-scrape)--full-scrape[scrape without a hash\: every torrent of the tracker, if it allows that]' \
        '(--port)--port[port to announce]:PORT: ' \
        '(-r --random-qb)'{-r,--random-qb}'[be a random qBittorrent release, anew for each tracker of a batch]' \
        '(--no-cleanup)--no-cleanup[leave the announced peer in the swarm instead of sending stopped afterwards]' \
        '(--timeout)--timeout[most seconds that one query may take in all]:SEC: ' \
        '(-4 --ipv4)'{-4,--ipv4}'[use IPv4 only]' \
        '(-6 --ipv6)'{-6,--ipv6}'[use IPv6 only]' \
        '(-k --insecure)'{-k,--insecure}'[do not verify the certificate of an https or wss tracker]' \
        '(-b --batch)'{-b,--batch}'[query every tracker of a list\: one URL a line, blank and # lines skipped]' \
        '(-f --file)'{-f,--file}'[the list; - reads standard input; implies -b]:FILE:_files' \
        '(--jobs)--jobs[queries of a batch under way at once]:N: ' \
        '(-d --delay)'{-d,--delay}'[pause between the starts of two queries of a batch]:SEC: ' \
        '(-R --retry)'{-R,--retry}'[after a failure try again every 2 s, N times, or for ever without N]::N: ' \
        '(--watch)--watch[repeat every SEC seconds and show how seeds, leechers and times change, and what is lost]:SEC: ' \
        '(-o --format)'{-o,--format}'[table for people, json, jsonl (one object a line) or csv for programs]:FORMAT:(table json jsonl csv)' \
        '(-p --show-peers)'{-p,--show-peers}'[list the peers too]' \
        '(-l --lookup)'{-l,--lookup}'[with -p\: show the host name of each peer]' \
        '(--nocolor)--nocolor[no colour; so do NO_COLOR and an output that is no terminal]' \
        '(-h --help)'{-h,--help}'[print a help text]' \
        '(-V --version)'{-V,--version}'[print the version]' \
        '1:command:((doctor\:"examine a tracker thoroughly\: every address, protocol and BEP, with advice" completion\:"print a completion script for bash, zsh or fish" help\:"print the help, or that of a command"))'
      ;;
  esac
}
if [ "${funcstack[1]}" = "_tracker_query" ]; then _tracker_query "$@"; else compdef _tracker_query tracker-query; fi
