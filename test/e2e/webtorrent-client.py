"""Shares one torrent with libtorrent, over WebRTC alone or with TCP besides: webtorrent-client.py TORRENT DIRECTORY rtc|both"""
import sys
import time

import libtorrent

torrent, directory, how = sys.argv[1:]
tcp = how == 'both'
session = libtorrent.session({
    'listen_interfaces': '127.0.0.1:0',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    'enable_incoming_tcp': tcp,
    'enable_outgoing_tcp': tcp,
    'enable_incoming_utp': False,
    'enable_outgoing_utp': False,
    'allow_multiple_connections_per_ip': True,
    'announce_to_all_tiers': True,
    'announce_to_all_trackers': True,
    'min_announce_interval': 2,
    'min_websocket_announce_interval': 2,
    # All peers are on this machine.
    'webtorrent_stun_server': '',
    'alert_mask': libtorrent.alert.category_t.tracker_notification
    | libtorrent.alert.category_t.error_notification
    | libtorrent.alert.category_t.peer_notification,
})
parameters = libtorrent.add_torrent_params()
parameters.ti = libtorrent.torrent_info(torrent)
parameters.save_path = directory
session.add_torrent(parameters)
while True:
    for alert in session.pop_alerts():
        print(alert.message(), flush=True)
    time.sleep(0.1)
