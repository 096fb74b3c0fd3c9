#compdef tracker-server
_tracker_server() {
  case ${words[2]} in
    status)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    top)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    swarm)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files' \
        '1:HASH: '
      ;;
    cluster)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    reload)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    snapshot)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    deny)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files' \
        '1:[HASH|CIDR]: '
      ;;
    undeny)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files' \
        '1:HASH|CIDR: '
      ;;
    denied)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files'
      ;;
    drop)
      shift words; (( CURRENT-- ))
      _arguments -s -S \
        '(--json)--json[print JSON]' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files' \
        '1:HASH: '
      ;;
    help)
      shift words; (( CURRENT-- ))
      _arguments -s -S  \
        '1:[COMMAND]:(status top swarm cluster reload snapshot deny undeny denied drop)'
      ;;
    *)
      _arguments -s -S \
        '*--host[Address that every listener binds, IPv4 or IPv6. Repeatable\: every port is opened on each]:ADDRESS: ' \
        '*--http-port[HTTP listen port. 0 disables HTTP; "any" takes a free port. Repeatable]:PORT: ' \
        '*--udp-port[UDP listen port. 0 disables UDP; "any" takes a free port. Repeatable]:PORT: ' \
        '*--xdp[Answer UDP that comes by this network interface from its own queues (AF_XDP), past the kernel; needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF. What cannot be taken so is answered through the sockets. Repeatable]:INTERFACE: ' \
        '(--no-xdp-shield)--no-xdp-shield[With --xdp\: do not drop before it costs anything what no client sends, nor what is far above --rate-limit from one address that has proven to be its sender'\''s]' \
        '(--io-uring)--io-uring[Carry HTTP connections that clients keep through io_uring (Linux 6.1)\: more requests a second for the same processor time. Where it is forbidden or missing, all go over epoll as without it]' \
        '(--ipv6)--ipv6[Also listen on \:\: (IPv6 only sockets), with every listener. Changes nothing when --host names an IPv6 address]' \
        '*--https-port[HTTPS listen port; needs --cert and --key, or --acme-domain. 0 disables HTTPS; "any" takes a free port. Repeatable]:PORT: ' \
        '(--cert)--cert[Certificate with its chain, PEM. Taken up anew when the file changes, and on SIGHUP]:FILE:_files' \
        '(--key)--key[Private key of the certificate, PEM]:FILE:_files' \
        '(--redirect-http)--redirect-http[Answer HTTP with a redirect to HTTPS, whatever the path]' \
        '(--domain)--domain[Public name for the Location of that redirect, used as given\: with the HTTPS port unless that is 443]:HOST[\:PORT]: ' \
        '*--acme-domain[Host name to obtain and renew a certificate for from an ACME authority, whose terms of service you accept thereby. The name must lead here, and port 80 must be reachable. Needs --data-dir. Repeatable]:NAME: ' \
        '(--acme-email)--acme-email[Where the ACME authority may write to]:ADDRESS: ' \
        '(--acme-directory)--acme-directory[Directory of the ACME authority. A private one must be trusted through NODE_EXTRA_CA_CERTS]:URL: ' \
        '(--acme-http-port)--acme-http-port[Port on which the ACME authority'\''s questions are answered (HTTP-01)\: the HTTP listener if it has that port, or one opened for them. Authorities ask on port 80, so another one needs a port forwarding]:PORT: ' \
        '(--interval)--interval[Seconds until a peer should announce again]:SEC: ' \
        '(--min-interval)--min-interval[Seconds that a peer is asked to wait at least before it announces again]:SEC: ' \
        '(--peer-ttl)--peer-ttl[Seconds without an announce until a peer is forgotten]:SEC: ' \
        '(--max-peers)--max-peers[Peers per announce\: the most, and what a client gets that does not say (numwant)]:N: ' \
        '(--max-scrape-hashes)--max-scrape-hashes[The most info_hashes that one scrape is answered; further ones are left out]:N: ' \
        '(--full-scrape)--full-scrape[Allow an HTTP scrape without info_hash, which shows all torrents]' \
        '(--tracker-id)--tracker-id[The "tracker id" of HTTP and WebTorrent announce replies; empty leaves it out]:TEXT: ' \
        '(--no-ipv4-mapped)--no-ipv4-mapped[Do not fill up HTTP replies to IPv6 clients with IPv4 peers written as \:\:ffff\:a.b.c.d]' \
        '(--no-webtorrent)--no-webtorrent[Do not serve WebTorrent (WebSocket, ws and wss) on the HTTP and HTTPS ports]' \
        '*--ws-origin[Origin of web pages that may use WebTorrent; pages of others may not. Repeatable]:ORIGIN: ' \
        '*--deny-ws-origin[Origin of web pages that may not use WebTorrent; "none" shuts out clients that name no origin, which are no browsers. Repeatable]:ORIGIN: ' \
        '*--trusted-proxy[Network whose X-Forwarded-For is believed. Repeatable]:CIDR: ' \
        '(--proxy-protocol)--proxy-protocol[Expect the PROXY protocol (v1 or v2) at the start of each HTTP and HTTPS connection from a --trusted-proxy; other connections are served as ever]' \
        '(--allow-list)--allow-list[File of info_hashes, 40 hexadecimal digits a line, # for comments\: no other torrent may be announced. Read again on SIGHUP and when it changes; a list with a mistake leaves the old one in use]:FILE:_files' \
        '(--deny-list)--deny-list[File of info_hashes that may not be announced; as --allow-list. The command deny adds to it, so it lies where the tracker may write]:FILE:_files' \
        '*--allow-client[Beginning of the peer_ids that may announce; all others may not. Repeatable]:PREFIX: ' \
        '*--deny-client[Beginning of peer_ids that may not announce. Repeatable]:PREFIX: ' \
        '*--deny-ip[Network whose announces are refused, or a file of such networks, one a line. Repeatable]:CIDR|FILE: ' \
        '(--rate-limit)--rate-limit[Requests a second from an IPv4 address or an IPv6 /56, and after the colon how many may come at once; eight times as many from an IPv6 /48. "off", or "udp=off", lifts it. Not for private and loopback addresses, nor for a trusted proxy]:RATES: ' \
        '*--refused-ports[Ports that no peer may announce, so that a swarm cannot be sent against a service; "none" allows all but 0]:PORT,…: ' \
        '(--memory-limit)--memory-limit[The most memory that swarms may take, such as 64MiB or 2GiB. Reserved at start, used as needed]:SIZE: ' \
        '(--data-dir)--data-dir[Directory for what outlives a restart\: the swarms, the key of UDP connection ids, ACME certificates]:DIR:_files' \
        '(--takeover)--takeover[Take the sockets and swarms over from the tracker that runs on the same --data-dir, which then ends. Without one it is an ordinary start]' \
        '(--snapshot-interval)--snapshot-interval[Seconds between two savings of all swarms to --data-dir; they are also saved at the end]:SEC: ' \
        '(--workers)--workers[Threads that serve UDP and HTTP on Linux; 0 serves both on the main thread]:N: ' \
        '(--stream-workers)--stream-workers[Threads that carry HTTPS, started only with --https-port; 0 carries it on the main thread]:N: ' \
        '(--cluster)--cluster[Redis or Valkey server through which this tracker and others tell each other of their swarms\: redis\://HOST\:PORT, rediss\:// with TLS (?ca=FILE for certificates of your own), redis-sentinel\://HOST,HOST/NAME, redis-cluster\://HOST,HOST. A password (redis\://\:PASSWORD@HOST) is better given in the file or the environment than as a flag]:URL: ' \
        '(--cluster-node)--cluster-node[What this node is called, unlike any other of the cluster]:NAME: ' \
        '(--cluster-secret-file)--cluster-secret-file[File with the secret by which nodes know that news come from each other; at least 16 characters, the same on all]:FILE:_files' \
        '(--admin-port)--admin-port[Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port]:PORT: ' \
        '(--admin-host)--admin-host[Address that --admin-port binds; beyond loopback it needs --admin-token-file]:ADDRESS: ' \
        '*--admin-allowed-host[Host name by which the dashboard may be called. Repeatable]:NAME: ' \
        '(--admin-token-file)--admin-token-file[File with the token for peers, actions and access from outside; at least 16 characters]:FILE:_files' \
        '(--admin-socket)--admin-socket[UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop]:PATH:_files' \
        '(-v --verbose)'{-v,--verbose}'[Log every request]' \
        '(--log-ip)--log-ip[Show IP addresses in the log and on admin pages whole, cut to /24 and /48, or not at all]:HOW:(full truncated off)' \
        '(--log-format)--log-format[Write the log as lines of text or of JSON]:FORMAT:(text json)' \
        '(--config)--config[Read options from a TOML file; its keys are the flags without the dashes]:FILE:_files' \
        '(--check)--check[Print the settings and where each comes from, what this machine has against them, and exit]' \
        '(-h --help)'{-h,--help}'[print a help text]' \
        '(--version)--version[print the version]' \
        '1:command:((status\:"What a running tracker is doing" top\:"The same, live, with the largest swarms; q or Ctrl-C ends it" swarm\:"One swarm\: its counts and its peers" cluster\:"The nodes of the cluster\: which live, how far they lag, what was mended" reload\:"Read the file of settings, certificates and lists again, and say what needs a restart" snapshot\:"Save all swarms now" deny\:"Refuse an info_hash or a network from now on; without one, as denied" undeny\:"Take an info_hash or a network out of the list of those refused" denied\:"Which info_hashes and networks are refused" drop\:"Forget a swarm with its peers" help\:"Print the help, or that of a command"))'
      ;;
  esac
}
if [ "${funcstack[1]}" = "_tracker_server" ]; then _tracker_server "$@"; else compdef _tracker_server tracker-server; fi
