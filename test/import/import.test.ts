// What the configurations of other trackers become: settings, lists, and a word about every line; and that the tracker would
// start with it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { otherTrackerNames } from '../../src/import/trackers.ts';
import { TestAuthority } from '../certificates.ts';
import { mainScript } from '../tracker-program.ts';
import { type Imported, importFiles } from './run-import.ts';

const authority = new TestAuthority();
after(() => authority.close());
const { chain, key } = authority.issue();

const hash = 'a1b2c3d4e5a1b2c3d4e5a1b2c3d4e5a1b2c3d4e5';
const other = '0123456789abcdef0123456789abcdef01234567';

/** With ports that are free, whatever else runs on this machine. */
function assertWouldStart({ directory, settings }: Imported): void {
  const ports = settings.flatMap((line) => {
    const [, name, port] = /^(\w+-port) = (\d+|\[.*\])$/.exec(line) ?? [];
    return name === undefined || port === '0' ? [] : [`--${name}`, 'any'];
  });
  const words = [mainScript, '--config', join(directory, 'tracker.toml'), ...ports, '--check'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
}

const toldOf = ({ told }: Imported, start: string) => told.filter((line) => line.includes(start));

describe('opentracker', () => {
  const configuration = `# ours
listen.udp.workers 4
listen.tcp_udp 0.0.0.0:6969
listen.tcp 192.0.2.7:80
access.whitelist ./white.txt
access.stats 192.0.2.8
access.proxy 10.1.0.0/16
access.proxy 10.2.0.1
tracker.rootdir /srv/opentracker
tracker.user   nobody
tracker.redirect_url https://example.net/
livesync.cluster.node_ip 192.0.2.9
access.surprise 1
`;

  test('its configuration and the white list beside it', async () => {
    const imported = await importFiles(
      'opentracker',
      {
        'opentracker.conf': configuration,
        'white.txt': `# mine\n${hash}\n${other.toUpperCase()} old\nno hash\n`,
      },
      { names: ['opentracker.conf'] },
    );
    assert.equal(imported.code, 0);
    assert.deepEqual(imported.settings, [
      'http-port = [6969, 80]',
      'udp-port = 6969',
      'interval = 1800',
      'min-interval = 900',
      'peer-ttl = 2700',
      'max-peers = 200',
      'max-scrape-hashes = 74',
      'tracker-id = ""',
      'trusted-proxy = ["10.1.0.0/16", "10.2.0.1"]',
      'allow-list = "DIR/allowed"',
    ]);
    assert.deepEqual(imported.listOf('allowed'), [hash, other]);
    assert.deepEqual(
      imported.told.map((line) =>
        /^(taken|differs|no counterpart): DIR\/(\S+): (\S+)/.exec(line)?.slice(1).join(' '),
      ),
      [
        'no counterpart opentracker.conf:2 listen.udp.workers',
        'taken opentracker.conf:3 listen.tcp_udp',
        'taken opentracker.conf:4 listen.tcp',
        'differs opentracker.conf:4 listen.tcp',
        'taken opentracker.conf:5 access.whitelist',
        'no counterpart opentracker.conf:6 access.stats',
        'taken opentracker.conf:7 access.proxy',
        'taken opentracker.conf:8 access.proxy',
        'no counterpart opentracker.conf:9 tracker.rootdir',
        'no counterpart opentracker.conf:10 tracker.user',
        'no counterpart opentracker.conf:11 tracker.redirect_url',
        'no counterpart opentracker.conf:12 livesync.cluster.node_ip',
        'no counterpart opentracker.conf:13 access.surprise',
        'no counterpart white.txt:4 no',
        ...Array(imported.told.length - 14).fill(undefined),
      ],
      imported.told.join('\n'),
    );
    assertWouldStart(imported);
  });

  test('what is not taken over stands in the file too, with the line that it stood on', async () => {
    const { directory, told } = await importFiles('opentracker', {
      'opentracker.conf': 'access.stats_path figures\n',
    });
    const written = readFileSync(join(directory, 'tracker.toml'), 'utf8').replaceAll(directory, 'DIR');
    for (const line of told.filter((each) => /^(?:differs|no counterpart):/.test(each)))
      assert.ok(written.includes(`# ${line}\n`), line);
  });

  test('a configuration without a listener is its default, both protocols on port 6969', async () => {
    const imported = await importFiles('opentracker', { 'opentracker.conf': '# nothing\n' });
    assert.deepEqual(imported.settings.slice(0, 2), ['http-port = 6969', 'udp-port = 6969']);
  });

  test('a build for IPv6 alone, and one protocol', async () => {
    const imported = await importFiles('opentracker', { 'opentracker.conf': 'listen.udp [::]:80\n' });
    assert.deepEqual(imported.settings.slice(0, 3), ['host = "::"', 'http-port = 0', 'udp-port = 80']);
    assertWouldStart(imported);
  });

  test('the flags of its unit, and the configuration that they name', async () => {
    const imported = await importFiles(
      'opentracker',
      {
        'opentracker.service':
          '[Service]\nExecStart=/usr/bin/opentracker -i 127.0.0.1 -p 80 \\\n  -b DIR/bad -f DIR/more.conf\n',
        'more.conf': 'listen.udp 127.0.0.1:6969\n',
        bad: `${hash}\n`,
      },
      { names: ['opentracker.service'] },
    );
    assert.deepEqual(imported.settings.slice(0, 3), [
      'host = "127.0.0.1"',
      'http-port = 80',
      'udp-port = 6969',
    ]);
    assert.deepEqual(imported.listOf('denied'), [hash]);
    assert.ok(imported.settings.includes('deny-list = "DIR/denied"'));
  });

  test('a white list that cannot be read leaves a tracker that takes no torrent, and not an open one', async () => {
    const imported = await importFiles('opentracker', {
      'opentracker.conf': 'access.whitelist /nowhere/white\n',
    });
    assert.deepEqual(imported.listOf('allowed'), []);
    assert.match(toldOf(imported, 'cannot be read')[0], /Until then nothing may be announced/);
    assert.ok(imported.settings.includes('allow-list = "DIR/allowed"'));
  });
});

describe('chihaya', () => {
  const configuration = `chihaya:
  announce_interval: 45m
  min_announce_interval: "10m30s"
  metrics_addr: "127.0.0.1:6880"
  http:
    addr: "0.0.0.0:7000"
    https_addr: ":7443"
    tls_cert_path: "DIR/chain.pem"
    tls_key_path: "DIR/key.pem"
    read_timeout: 5s
    announce_routes: ["/announce", "/announce.php", "/:user/announce"]
    real_ip_header: "x-real-ip"
    max_numwant: 120
    default_numwant: 40
    max_scrape_infohashes: 500
  udp:
    addr: "0.0.0.0:7000"
    private_key: "nobody may read this"
    allow_ip_spoofing: true
    max_numwant: 90
  storage:
    name: redis
    config: { peer_lifetime: 46m, gc_interval: 3m }
  prehooks:
    - name: client approval
      options:
        whitelist: ["TR4060", "M7-9-2"]
    - name: torrent approval
      options:
        whitelist: [${hash}]
        blacklist:
          - ${other}
    - name: jwt
      options:
        issuer: https://issuer.example.net
`;

  test('its configuration, with lists that stand in it and a certificate', async () => {
    const imported = await importFiles(
      'chihaya',
      { 'chihaya.yaml': configuration, 'chain.pem': chain, 'key.pem': key },
      { names: ['chihaya.yaml'] },
    );
    assert.equal(imported.code, 0, imported.told.join('\n'));
    assert.deepEqual(imported.settings, [
      'http-port = 7000',
      'udp-port = 7000',
      'ipv6 = true',
      'https-port = 7443',
      'cert = "DIR/chain.pem"',
      'key = "DIR/key.pem"',
      'interval = 2700',
      'min-interval = 630',
      'peer-ttl = 2760',
      'max-peers = 120',
      'max-scrape-hashes = 100',
      'tracker-id = ""',
      'allow-list = "DIR/allowed"',
      'deny-list = "DIR/denied"',
      'allow-client = ["-TR4060", "M7-9-2"]',
      'admin-port = 6880',
    ]);
    assert.deepEqual(imported.listOf('allowed'), [hash]);
    assert.deepEqual(imported.listOf('denied'), [other]);
    assert.match(
      toldOf(imported, 'yaml:15')[0],
      /^differs: .*max-scrape-hashes must be a whole number from 1 to 100/,
    );
    assert.match(toldOf(imported, 'yaml:20')[0], /^differs: .*max-peers = 120 of DIR\/chihaya\.yaml:13/);
    assert.match(toldOf(imported, '"jwt"')[0], /^no counterpart: DIR\/chihaya\.yaml:33: .*ATTENTION/);
    assert.match(toldOf(imported, '/announce.php is not')[0], /^no counterpart: DIR\/chihaya\.yaml:11/);
    assertWouldStart(imported);
  });

  test('secrets are repeated nowhere', async () => {
    const { directory, told } = await importFiles(
      'chihaya',
      { 'chihaya.yaml': configuration, 'chain.pem': chain, 'key.pem': key },
      { names: ['chihaya.yaml'] },
    );
    const written = readFileSync(join(directory, 'tracker.toml'), 'utf8');
    assert.ok(toldOf({ told } as Imported, 'private_key = …').length === 1);
    assert.doesNotMatch(told.join('\n') + written, /nobody may read this/);
  });

  test('HTTPS without a certificate is left out, and told of', async () => {
    const imported = await importFiles('chihaya', {
      'chihaya.yaml': 'chihaya:\n  http:\n    https_addr: ":443"\n  udp:\n    addr: "127.0.0.1:7000"\n',
    });
    assert.equal(imported.code, 0, imported.told.join('\n'));
    assert.match(toldOf(imported, 'https_addr')[0], /^no counterpart: .*needs a certificate/);
    assert.ok(!imported.settings.some((line) => line.startsWith('https-port')));
  });
});

describe('aquatic', () => {
  const udp = `socket_workers = 4
log_level = "info"

[network]
address_ipv4 = "0.0.0.0:6969"
address_ipv6 = "[::]:6969"
socket_recv_buffer_size = 8000000

[protocol]
max_response_peers = 50
peer_announce_interval = 1200

[statistics]
run_prometheus_endpoint = true
prometheus_endpoint_address = "0.0.0.0:9000"

[cleaning]
max_peer_age = 1500

[privileges]
drop_privileges = true

[access_list]
mode = "deny"
path = "./banned.txt"
`;
  const http = `[network]
address = "127.0.0.1:3001"
runs_behind_reverse_proxy = true
[protocol]
max_peers = 50
peer_announce_interval = 120
`;

  test('its UDP and HTTP programs become one tracker', async () => {
    const imported = await importFiles(
      'aquatic',
      { 'udp.toml': udp, 'web.toml': http, 'banned.txt': `${other}\n` },
      { names: ['udp.toml', 'web.toml'] },
    );
    assert.equal(imported.code, 0, imported.told.join('\n'));
    assert.deepEqual(imported.settings, [
      'http-port = 3001',
      'udp-port = 6969',
      'ipv6 = true',
      'interval = 1200',
      'peer-ttl = 1500',
      'max-peers = 50',
      'max-scrape-hashes = 70',
      'tracker-id = ""',
      'deny-list = "DIR/denied"',
      'admin-port = 9000',
    ]);
    assert.deepEqual(imported.listOf('denied'), [other]);
    assert.match(toldOf(imported, 'web.toml:2')[1], /^differs: .*http 3001 on 0\.0\.0\.0 and :: too/);
    assert.match(toldOf(imported, 'web.toml:6')[0], /^differs: .*interval = 1200 of DIR\/udp\.toml:11/);
    assertWouldStart(imported);
  });

  test('HTTP alone on loopback, behind a proxy: the proxy is trusted', async () => {
    const imported = await importFiles('aquatic', { 'web.toml': http });
    assert.deepEqual(imported.settings.slice(0, 3), [
      'host = "127.0.0.1"',
      'http-port = 3001',
      'udp-port = 0',
    ]);
    assert.ok(imported.settings.includes('trusted-proxy = ["127.0.0.1"]'));
    assertWouldStart(imported);
  });

  test('an empty file for UDP is its defaults', async () => {
    const imported = await importFiles('aquatic', { 'aquatic_udp.toml': '' });
    assert.deepEqual(imported.settings.slice(0, 4), [
      'http-port = 0',
      'udp-port = 3000',
      'ipv6 = true',
      'interval = 900',
    ]);
  });

  test('a file of which nothing says to which program it belongs is refused, and WebSocket is told of', async () => {
    const unclear = await importFiles('aquatic', { 'a.toml': '[network]\naddress = "0.0.0.0:1"\n' });
    assert.equal(unclear.code, 2);
    assert.match(unclear.told[0], /which of aquatic's programs/);
    const ws = await importFiles('aquatic', {
      'aquatic_udp.toml': '',
      'x.toml': '[protocol]\nmax_offers = 10\n',
    });
    assert.match(toldOf(ws, 'x.toml')[0], /^no counterpart: .*WebTorrent/);
  });
});

describe('torrust', () => {
  const configuration = `[metadata]
app = "torrust-tracker"
purpose = "configuration"
schema_version = "2.0.0"

[logging]
threshold = "info"

[core]
inactive_peer_cleanup_interval = 120
listed = true
private = true

[core.announce_policy]
interval = 300
interval_min = 400

[core.database]
driver = "sqlite3"
path = "/var/lib/torrust/tracker.db"

[core.net]
on_reverse_proxy = true

[core.tracker_policy]
max_peer_timeout = 900
persistent_torrent_completed_stat = true

[[udp_trackers]]
bind_address = "0.0.0.0:6868"

[[udp_trackers]]
bind_address = "0.0.0.0:6969"

[[http_trackers]]
bind_address = "0.0.0.0:7070"

[http_trackers.tsl_config]
ssl_cert_path = "DIR/chain.pem"
ssl_key_path = "DIR/key.pem"

[http_api]
bind_address = "127.0.0.1:1212"

[http_api.access_tokens]
admin = "nobody may read this"
`;
  const files = { 'tracker.toml.old': configuration, 'chain.pem': chain, 'key.pem': key };

  test('its configuration, with the white list that its database gave', async () => {
    const imported = await importFiles(
      'torrust',
      { ...files, export: `${hash}\n` },
      { names: ['tracker.toml.old', 'export'] },
    );
    assert.equal(imported.code, 0, imported.told.join('\n'));
    assert.deepEqual(imported.settings, [
      'http-port = 0',
      'udp-port = [6868, 6969]',
      'https-port = 7070',
      'cert = "DIR/chain.pem"',
      'key = "DIR/key.pem"',
      'interval = 300',
      'min-interval = 300',
      'peer-ttl = 900',
      'max-peers = 74',
      'max-scrape-hashes = 74',
      'tracker-id = ""',
      'allow-list = "DIR/allowed"',
    ]);
    assert.deepEqual(imported.listOf('allowed'), [hash]);
    assert.match(toldOf(imported, 'old:12')[0], /^no counterpart: .*ATTENTION/);
    assert.match(toldOf(imported, 'old:16').join(), /^differs: .*must not be longer than interval here$/);
    assert.match(toldOf(imported, 'old:33')[0], /^taken: .*udp-port = \[6868, 6969\]/);
    assert.doesNotMatch(imported.told.join('\n'), /nobody may read this/);
    assertWouldStart(imported);
  });

  test('without the white list nothing may be announced, and how to get it is told', async () => {
    const imported = await importFiles('torrust', files, { names: ['tracker.toml.old'] });
    assert.deepEqual(imported.listOf('allowed'), []);
    assert.match(
      toldOf(imported, 'old:11')[0],
      /sqlite3 \/var\/lib\/torrust\/tracker\.db 'SELECT info_hash FROM whitelist'/,
    );
  });

  test('the flat configuration of its first version', async () => {
    const imported = await importFiles('torrust', {
      'old.toml':
        'mode = "public"\nannounce_interval = 240\nmin_announce_interval = 120\nmax_peer_timeout = 900\n' +
        '[[udp_trackers]]\nenabled = false\nbind_address = "0.0.0.0:1"\n' +
        '[[http_trackers]]\nenabled = true\nbind_address = "0.0.0.0:7070"\nssl_enabled = false\nssl_cert_path = ""\nssl_key_path = ""\n',
    });
    assert.deepEqual(imported.settings.slice(0, 4), [
      'http-port = 7070',
      'udp-port = 0',
      'interval = 240',
      'min-interval = 120',
    ]);
    assertWouldStart(imported);
  });
});

describe('bittorrent-tracker', () => {
  const cases: [string, string, string[]][] = [
    [
      'a script',
      '#!/bin/sh\nexec bittorrent-tracker -p 8080 --http \\\n  --udp --interval=900000 > /dev/null\n',
      ['http-port = 8080', 'udp-port = 8080', 'ipv6 = true', 'interval = 900'],
    ],
    [
      'a unit',
      '[Service]\nExecStart=/usr/bin/bittorrent-tracker --udp --udp-hostname 127.0.0.1 --udp6-hostname ::1\n',
      ['http-port = 0', 'udp-port = 8000', 'interval = 600', 'peer-ttl = 1200'],
    ],
    [
      'a script of package.json',
      '{ "scripts": { "start": "bittorrent-tracker --port 1234 --http" } }\n',
      ['http-port = 1234', 'udp-port = 0', 'ipv6 = true', 'interval = 600'],
    ],
    [
      'a compose file',
      'services:\n  tracker:\n    command: npx bittorrent-tracker --port 1234 --udp\n',
      ['http-port = 0', 'udp-port = 1234', 'ipv6 = true', 'interval = 600'],
    ],
  ];
  for (const [name, text, settings] of cases) {
    test(`the flags of ${name}`, async () => {
      const imported = await importFiles('bittorrent-tracker', { file: text });
      assert.equal(imported.code, 0, imported.told.join('\n'));
      assert.deepEqual(imported.settings.filter((line) => !line.startsWith('host')).slice(0, 4), settings);
      assert.ok(imported.settings.includes('max-peers = 82'));
      assertWouldStart(imported);
    });
  }

  test('tells of WebSocket, which is on by default, and of whom it trusted', async () => {
    const imported = await importFiles('bittorrent-tracker', {
      file: 'bittorrent-tracker --trust-proxy --frob\n',
    });
    assert.match(toldOf(imported, 'WebTorrent')[0], /^differs: .*every HTTP and HTTPS port/);
    const plain = await importFiles('bittorrent-tracker', { file: 'bittorrent-tracker --http\n' });
    assert.ok(plain.settings.includes('no-webtorrent = true'));
    const alone = await importFiles('bittorrent-tracker', { file: 'bittorrent-tracker --ws -p 8100\n' });
    assert.ok(alone.settings.includes('http-port = 8100'));
    assert.match(toldOf(imported, '--trust-proxy')[0], /^no counterpart: .*set trusted-proxy/);
    assert.match(toldOf(imported, '--frob')[0], /^no counterpart: .*no flag of bittorrent-tracker/);
  });

  test('a program that embeds it is refused, with the reason', async () => {
    const { code, told } = await importFiles('bittorrent-tracker', {
      'server.js':
        "import Server from 'bittorrent-tracker/server'\nconst server = new Server({ udp: true })\n",
    });
    assert.equal(code, 2);
    assert.match(told[0], /by hand/);
  });
});

describe('the earlier tracker', () => {
  test('the flags of its unit', async () => {
    const imported = await importFiles(
      'wildkat',
      {
        'tracker.service': `[Service]
ExecStart=/usr/bin/python3 /opt/tracker/tracker_server.py \\
  --http-port 8080 --https-port 8443 --cert DIR/chain.pem --key DIR/key.pem \\
  --ipv6 --redirect-http --domain tracker.example.net:8443 --max-peers 5000
`,
        'chain.pem': chain,
        'key.pem': key,
      },
      { names: ['tracker.service'] },
    );
    assert.equal(imported.code, 0, imported.told.join('\n'));
    assert.deepEqual(imported.settings, [
      'http-port = 8080',
      'udp-port = 6969',
      'ipv6 = true',
      'https-port = 8443',
      'cert = "DIR/chain.pem"',
      'key = "DIR/key.pem"',
      'redirect-http = true',
      'domain = "tracker.example.net:8443"',
      'max-peers = 2000',
    ]);
    assert.match(toldOf(imported, '5000')[0], /^differs: .*2000 is written/);
    assertWouldStart(imported);
  });
});

describe('caracal import', () => {
  test('overwrites nothing without --force, and leaves nothing half written', async () => {
    const first = await importFiles('opentracker', { 'opentracker.conf': 'listen.udp 0.0.0.0:1\n' });
    const again = (...words: string[]) =>
      importFiles(
        'opentracker',
        { 'opentracker.conf': 'listen.udp 0.0.0.0:2\n' },
        { directory: first.directory, words },
      );
    const refused = await again();
    assert.equal(refused.code, 2);
    assert.match(
      refused.told[0],
      /^caracal import: DIR\/tracker\.toml is there already; --force overwrites$/,
    );
    assert.ok(refused.settings.includes('udp-port = 1'));
    const forced = await again('--force');
    assert.equal(forced.code, 0);
    assert.ok(forced.settings.includes('udp-port = 2'));
    assert.deepEqual(readdirSync(first.directory).sort(), ['opentracker.conf', 'tracker.toml']);
  });

  test('a list that is there stops it before anything is written', async () => {
    const files = {
      'opentracker.conf': 'access.blacklist black.txt\n',
      'black.txt': `${hash}\n`,
      denied: 'mine\n',
    };
    const { code, directory, told } = await importFiles('opentracker', files, {
      names: ['opentracker.conf'],
    });
    assert.equal(code, 2, told.join('\n'));
    assert.equal(readFileSync(join(directory, 'denied'), 'utf8'), 'mine\n');
    assert.ok(!existsSync(join(directory, 'tracker.toml')));
  });

  test('a list without a configuration is known by its name, or refused', async () => {
    const list = { 'whitelist.txt': `${hash}\n` };
    const named = await importFiles('opentracker', { 'opentracker.conf': '', ...list });
    assert.deepEqual(named.listOf('allowed'), [hash]);
    const unnamed = await importFiles('opentracker', { 'opentracker.conf': '', hashes: `${hash}\n` });
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.told[0], /whether of allowed or of denied/);
  });

  const faults: [string, string, Record<string, string>, RegExp][] = [
    [
      'YAML that is none',
      'chihaya',
      { 'c.yaml': 'chihaya:\n  http: [\n' },
      /DIR\/c\.yaml:\d+: this is no YAML/,
    ],
    [
      'TOML that is none',
      'torrust',
      { 't.toml': '[core]\nlisted = yes\n' },
      /DIR\/t\.toml:2: this is no TOML/,
    ],
    ['a configuration of something else', 'chihaya', { 'c.yaml': 'a: 1\n' }, /no configuration of chihaya/],
    [
      'a configuration of something else, TOML',
      'torrust',
      { 't.toml': 'a = 1\n' },
      /no configuration of torrust/,
    ],
    [
      'a unit of something else',
      'wildkat',
      { 'a.service': '[Service]\nExecStart=/bin/true\n' },
      /does not start tracker_server/,
    ],
    ['a tracker that is not known', 'xbt', { a: '' }, /--from must be opentracker or/],
  ];
  for (const [name, from, files, message] of faults) {
    test(`${name} is one line and exit 2`, async () => {
      const { code, told, settings } = await importFiles(from, files);
      assert.equal(code, 2);
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0], message);
      assert.deepEqual(settings, []);
    });
  }

  test('YAML that unfolds without end is refused', async () => {
    let bomb = 'chihaya:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n';
    for (let i = 1; i < 12; i++)
      bomb += `  a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]\n`;
    const { code, told } = await importFiles('chihaya', { 'c.yaml': bomb });
    assert.equal(code, 2, told.slice(0, 3).join('\n'));
    const itself = await importFiles('chihaya', { 'c.yaml': 'chihaya: &a\n  b: *a\n' });
    assert.equal(itself.code, 2, itself.told.slice(0, 3).join('\n'));
  });

  test('whatever stands in a configuration stays on its line', async () => {
    const text = 'tracker.redirect_url http://x/\x1b[2J\u2028\r"\nlisten.udp 0.0.0.0:1\n';
    const imported = await importFiles('opentracker', { 'opentracker.conf': text });
    assert.equal(imported.code, 0);
    assert.match(imported.told[0], /\\x1b\[2J\\u2028/);
    assert.ok(imported.settings.includes('udp-port = 1'));
    assertWouldStart(imported);
  });

  test('damaged configurations end with a message, and never otherwise', async () => {
    const texts: Record<string, string> = {
      opentracker: 'listen.tcp_udp 0.0.0.0:6969\naccess.whitelist a\n',
      chihaya:
        'chihaya:\n  announce_interval: 1h\n  http:\n    addr: ":1"\n  prehooks:\n  - name: jwt\n    options: {a: [1]}\n',
      aquatic:
        '[network]\nuse_ipv4 = true\naddress_ipv4 = "0.0.0.0:1"\n[access_list]\nmode = "allow"\npath = "x"\n',
      torrust: '[core]\nlisted = true\n[[udp_trackers]]\nbind_address = "0.0.0.0:1"\n',
      'bittorrent-tracker': 'bittorrent-tracker -p 80 --udp --interval 60000\n',
      wildkat: 'ExecStart=/usr/bin/python3 tracker_server.py --http-port 80 --domain x\n',
    };
    let random = 1;
    const next = (below: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % below;
    };
    const codes = new Map<number, number>();
    for (const from of otherTrackerNames) {
      for (let round = 0; round < 60; round++) {
        let text = texts[from];
        for (let edit = 0; edit <= next(4); edit++) {
          const at = next(text.length + 1);
          const piece = [
            '',
            '\0',
            '[',
            '"',
            '-1',
            '99999999999',
            ': ',
            '\n',
            '{',
            '__proto__',
            '&a *a',
            '\\',
          ][next(12)];
          text = text.slice(0, at) + piece + text.slice(at + next(6));
        }
        const { code } = await importFiles(from, { 'udp.file': text });
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }
    assert.deepEqual([...codes.keys()].sort(), [0, 2], JSON.stringify([...codes]));
  });

  test('a directory that cannot be written is one line and exit 1', async () => {
    const files = { 'opentracker.conf': 'listen.udp 0.0.0.0:1\n' };
    const { code, told } = await importFiles('opentracker', files, { words: ['--to', '/proc/none'] });
    assert.equal(code, 1);
    assert.equal(told.length, 1);
  });
});
