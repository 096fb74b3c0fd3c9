// What operators really have: other encodings, containers, relative paths, the wrong file. Each of these was once taken for
// something else without a word.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../temporary-directory.ts';
import { importFiles } from './run-import.ts';

const hash = 'a1b2c3d4e5a1b2c3d4e5a1b2c3d4e5a1b2c3d4e5';
const other = '0123456789abcdef0123456789abcdef01234567';
const last = (told: readonly string[]) => told.at(-1) ?? '';

describe('encodings', () => {
  const list = `${hash}\r\n${other}\r\n`;
  const encoded = {
    'UTF-8 with a byte order mark': Buffer.from(`\uFEFF${list}`),
    'UTF-16, as PowerShell writes it': Buffer.from(`\uFEFF${list}`, 'utf16le'),
    'UTF-16, the other way round': Buffer.from(`\uFEFF${list}`, 'utf16le').swap16(),
  };
  for (const [name, bytes] of Object.entries(encoded)) {
    test(`a list in ${name}, named and found`, async () => {
      for (const names of [['opentracker.conf', 'blacklist'], ['opentracker.conf']]) {
        const directory = temporaryDirectory('import');
        writeFileSync(join(directory, 'blacklist'), bytes);
        const imported = await importFiles(
          'opentracker',
          { 'opentracker.conf': 'listen.udp 127.0.0.1:6969\naccess.blacklist blacklist\n' },
          { names, directory },
        );
        assert.deepEqual(imported.listOf('denied'), [hash, other], imported.told.join('\n'));
      }
    });
  }

  test('a file that is no text is refused', async () => {
    const { code, told } = await importFiles('opentracker', { 'opentracker.conf': 'listen.udp\0 127.0.0.1' });
    assert.equal(code, 2);
    assert.match(last(told), /opentracker\.conf is no text$/);
  });
});

describe('the wrong file', () => {
  test('of another tracker does not become an open opentracker', async () => {
    const { code, told, settings } = await importFiles('opentracker', {
      'chihaya.yml.txt': `chihaya:\n  prehooks:\n  - name: torrent approval\n`,
    });
    assert.equal(code, 2);
    assert.match(last(told), /is no configuration of opentracker: no line has a key of it$/);
    assert.deepEqual(settings, []);
  });

  test('a directory, as file or as target that is a file', async () => {
    const directory = temporaryDirectory('import');
    mkdirSync(join(directory, 'etc'));
    const { code, told } = await importFiles('opentracker', {}, { names: ['etc'], directory });
    assert.equal(code, 2);
    assert.match(last(told), /cannot read DIR\/etc: it is a directory$/);
    const target = join(directory, 'file');
    const onFile = await importFiles(
      'opentracker',
      { 'opentracker.conf': '# default\n', file: '' },
      { names: ['opentracker.conf'], words: ['--to', target], directory },
    );
    assert.equal(onFile.code, 2);
    assert.match(last(onFile.told), /--to DIR\/file is no directory$/);
  });

  test('a configuration without any port says that the tracker would not start', async () => {
    const none = '[metadata]\nschema_version = "2.0.0"\n[core]\nlisted = false\nprivate = false\n';
    const { told } = await importFiles('torrust', { 'tracker.toml.old': none });
    assert.ok(
      told.some((line) => /no port is named, and the tracker would not start/.test(line)),
      told.join('\n'),
    );
    const command = await importFiles('wildkat', {
      'start.sh': 'python3 /opt/tracker/tracker_server.py --udp-port 0\n',
    });
    assert.ok(!command.told.some((line) => line.includes('no port is named')), command.told.join('\n'));
  });

  test('a port that the system chooses does not switch it off without a word', async () => {
    const text =
      '[core]\n[[udp_trackers]]\nbind_address = "127.0.0.1:0"\n[[udp_trackers]]\nbind_address = "127.0.0.1:6969"\n';
    const { told, settings } = await importFiles('torrust', { 'tracker.toml.old': text });
    assert.ok(settings.includes('udp-port = 6969'), settings.join('\n'));
    assert.ok(
      told.some((line) => /bind_address = "127\.0\.0\.1:0": port 0 switches it off here/.test(line)),
      told.join('\n'),
    );
  });
});

describe('bittorrent-tracker in containers and scripts', () => {
  const files = {
    'compose.yaml, a list in brackets':
      'services:\n  tracker:\n    image: node\n    container_name: bittorrent-tracker\n    command: ["npx", "bittorrent-tracker", "--port", "1337", "--udp"]\n',
    'compose.yaml, a list below each other':
      'services:\n  tracker:\n    command:\n      - bittorrent-tracker\n      - --port\n      - "1337"\n      - --udp\n',
    'compose.yaml, entrypoint and command':
      'services:\n  tracker:\n    command: [--port, "1337", --udp]\n    entrypoint: [npx, bittorrent-tracker@11]\n',
    'compose.yaml, a text': 'services:\n  tracker:\n    command: bittorrent-tracker --port 1337 --udp\n',
    'pod.yml, command and args':
      'spec:\n  containers:\n  - name: bittorrent-tracker\n    command: [bittorrent-tracker]\n    args: ["--port=1337", "--udp"]\n',
    'Dockerfile, CMD as a list':
      'FROM node\nRUN npm install -g bittorrent-tracker\nCMD ["bittorrent-tracker", "--port", "1337", "--udp"]\n',
    'Dockerfile, ENTRYPOINT and CMD':
      'FROM node\nENTRYPOINT ["bittorrent-tracker"]\nCMD ["--port", "1337", "--udp"]\n',
    'Dockerfile, CMD for a shell':
      'FROM node\nRUN npm install -g bittorrent-tracker\nCMD bittorrent-tracker --port 1337 --udp\n',
    'start.sh, installed before it is started':
      '#!/bin/sh\nnpm i -g bittorrent-tracker; mkdir -p /srv\ncd /srv/bittorrent-tracker && bittorrent-tracker --port 1337 --udp > log 2>&1 &\n',
    'tracker.service, its script':
      '[Service]\nExecStart=/usr/bin/env node /usr/lib/node_modules/bittorrent-tracker/bin/cmd.js --port 1337 --udp\n',
  };
  for (const [name, text] of Object.entries(files)) {
    test(name, async () => {
      const { told, settings } = await importFiles('bittorrent-tracker', { [name.split(',')[0]]: text });
      const ports = settings.filter((line) => line.includes('-port'));
      assert.deepEqual(ports, ['http-port = 0', 'udp-port = 1337'], told.join('\n'));
    });
  }

  test('what only names it does not start it', async () => {
    const { code } = await importFiles('bittorrent-tracker', {
      'compose.yaml': 'services:\n  tracker:\n    image: bittorrent-tracker\n    command: ["--http"]\n',
    });
    assert.equal(code, 2);
  });

  test('an interval that is no whole second differs, and the port is told with its address', async () => {
    const { told } = await importFiles('bittorrent-tracker', {
      'start.sh': 'bittorrent-tracker -p 1337 --udp --udp-hostname 127.0.0.1 --interval 1500\n',
    });
    assert.ok(
      told.includes('differs: DIR/start.sh: --interval 1500: interval = 2: whole seconds here'),
      told.join('\n'),
    );
    assert.ok(
      told.some((line) =>
        line.startsWith('taken: DIR/start.sh: -p 1337 --udp-hostname 127.0.0.1 → udp-port = 1337'),
      ),
    );
  });
});

describe('paths and secrets', () => {
  const certificates = {
    aquatic: {
      'http.toml':
        '[network]\naddress = "127.0.0.1:443"\nenable_tls = true\ntls_certificate_path = "./tls/cert.pem"\ntls_private_key_path = "tls/key.pem"\n',
    },
    torrust: {
      'torrust.toml':
        '[core]\n[[http_trackers]]\nbind_address = "127.0.0.1:443"\n[http_trackers.tls_config]\nssl_cert_path = "./tls/cert.pem"\nssl_key_path = "tls/key.pem"\n',
    },
    chihaya: {
      'chihaya.yaml':
        'chihaya:\n  http:\n    https_addr: "127.0.0.1:443"\n    tls_cert_path: ./tls/cert.pem\n    tls_key_path: tls/key.pem\n',
    },
  };
  for (const [from, file] of Object.entries(certificates)) {
    test(`a relative certificate of ${from} is named by its whole path, as the service starts elsewhere`, async () => {
      const { settings, told } = await importFiles(from, file);
      assert.ok(settings.includes('cert = "DIR/tls/cert.pem"'), told.join('\n'));
      assert.ok(settings.includes('key = "DIR/tls/key.pem"'), told.join('\n'));
      assert.equal(told.filter((line) => /^differs: .*it was relative to where/.test(line)).length, 2);
    });
  }

  test("a database's password is repeated nowhere, and its own client is named", async () => {
    for (const database of [
      'driver = "mysql"\npath = "mysql://me:se/cr@et@mysql:3306/torrents"',
      'driver = "mysql"\nhost = "mysql"\nport = 3306\nuser = "me"\npassword = "se/cr@et"\ndatabase = "torrents"',
    ]) {
      const { told, directory } = await importFiles('torrust', {
        'torrust.toml': `[core]\nlisted = true\n[core.announce_policy]\nmax_peers_per_announce = 33\n[core.database]\n${database}\n[[udp_trackers]]\n`,
      });
      const all = told.join('\n') + readFileSync(join(directory, 'tracker.toml'), 'utf8');
      assert.doesNotMatch(all, /cr@et/);
      assert.match(all, /write it with mysql -N -B -D torrents -e 'SELECT/);
      assert.match(all, /^max-peers = 33$/m);
      assert.doesNotMatch(all, /not known to be a key/);
    }
  });

  test("opentracker's lists lie below its tracker.rootdir, though others lie beside its configuration", async () => {
    const directory = temporaryDirectory('import');
    mkdirSync(join(directory, 'root'));
    writeFileSync(join(directory, 'root', 'white'), hash);
    const imported = await importFiles(
      'opentracker',
      { 'opentracker.conf': 'access.whitelist ./white\ntracker.rootdir DIR/root\n', white: other },
      { names: ['opentracker.conf'], directory },
    );
    assert.deepEqual(imported.listOf('allowed'), [hash], imported.told.join('\n'));
  });
});

test('aquatic_http with a socket for each family, as after 0.9.0, is not taken for aquatic_udp', async () => {
  const { settings, told } = await importFiles('aquatic', {
    'tracker-http.toml':
      '[network]\nuse_ipv4 = true\naddress_ipv4 = "127.0.0.1:3001"\naddress_ipv6 = "[::1]:3001"\nkeep_alive = true\n',
  });
  assert.deepEqual(
    settings.filter((line) => /^(?:host|.*-port) /.test(line)),
    ['host = ["127.0.0.1", "::1"]', 'http-port = 3001', 'udp-port = 0'],
    told.join('\n'),
  );
});
