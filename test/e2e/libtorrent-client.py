"""Shares one torrent with libtorrent, peers from its tracker alone: libtorrent-client.py TORRENT DIRECTORY PORT [ADDRESS]"""
import sys
import time

import libtorrent

torrent, directory, port, *addresses = sys.argv[1:]
address = addresses[0] if addresses else '127.0.0.1'
session = libtorrent.session({
    'listen_interfaces': f'{address}:{port}',
    'enable_dht': False,
    'enable_lsd': False,
    'enable_upnp': False,
    'enable_natpmp': False,
    # Every peer of a test has one address.
    'allow_multiple_connections_per_ip': True,
    'min_announce_interval': 2,
    'alert_mask': libtorrent.alert.category_t.tracker_notification | libtorrent.alert.category_t.error_notification,
})
session.add_torrent({'ti': libtorrent.torrent_info(torrent), 'save_path': directory})
while True:
    for alert in session.pop_alerts():
        print(alert.message())
    time.sleep(0.1)
