// What the flags of an earlier tracker's unit become, however systemd lets them be written.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mainScript } from '../tracker-program.ts';

/** What the shipped file sets by itself, whatever the earlier tracker was told. */
const ofItself = 'max-scrape-hashes = 74';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-unit-'));
after(() => rmSync(directory, { recursive: true }));

const guide = '/usr/bin/python3 /opt/tracker/tracker_server.py';

/** Settings in force, and what was told. */
function carried(service: string, ...dropIns: string[]) {
  const files = [service, ...dropIns].map((text, index) => {
    const file = join(directory, `${index}.conf`);
    writeFileSync(file, `[Unit]\nDescription=x\n[Service]\n${text}\n`);
    return file;
  });
  const words = [join(checkout, 'deploy/install/settings-from-unit.mjs'), directory];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...words, join(checkout, 'docs/tracker.example.toml'), ...files],
    { encoding: 'utf8' },
  );
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && line !== ofItself);
  return { status, text: stdout, settings: lines.sort(), told: stderr };
}

describe('settings from the unit of the earlier tracker', () => {
  test("every flag of the guide, as the guide's unit has it", () => {
    const flags = `--http-port 8080 \\
  --https-port 8443 \\
  --udp-port 6969 \\
  --cert /etc/ssl/acme/tracker.example.net/fullchain.cer \\
  --key /etc/ssl/acme/tracker.example.net/tracker.example.net.key \\
  --ipv6 \\
  --redirect-http \\
  --domain tracker.example.net:8443 \\
  --tracker-id MyTracker \\
  --interval 1800 \\
  --min-interval 60 \\
  --peer-ttl 3600 \\
  --max-peers 200 --max-scrape-hashes 5 --full-scrape --verbose`;
    const { settings, told, text } = carried(`ExecStart=${guide} \\\n  ${flags}`);
    assert.equal(told, '');
    assert.deepEqual(settings, [
      'cert = "/etc/ssl/acme/tracker.example.net/fullchain.cer"',
      'domain = "tracker.example.net:8443"',
      'full-scrape = true',
      'http-port = 8080',
      'https-port = 8443',
      'interval = 1800',
      'ipv6 = true',
      'key = "/etc/ssl/acme/tracker.example.net/tracker.example.net.key"',
      'max-peers = 200',
      'max-scrape-hashes = 5',
      'min-interval = 60',
      'peer-ttl = 3600',
      'redirect-http = true',
      'tracker-id = "MyTracker"',
      'udp-port = 6969',
      'verbose = true',
    ]);
    // The tracker reads what was written as what was meant.
    const file = join(directory, 'carried.toml');
    writeFileSync(file, text.replace(/^(cert|key|https-port|redirect-http) = .*$/gm, ''));
    const check = [mainScript, '--config', file, '--http-port', 'any', '--udp-port', 'any', '--check'];
    const { status, stdout, stderr } = spawnSync(process.execPath, check, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^max-peers = 200/m);
  });

  const cases: [string, string, string[]][] = [
    ['no flags', guide, []],
    ['`=` forms', `${guide} --http-port=1 --domain=a.example:2`, ['domain = "a.example:2"', 'http-port = 1']],
    ['beginnings of a flag', `${guide} --http-p 1 --verb`, ['http-port = 1', 'verbose = true']],
    ['the short form', `${guide} -v`, ['verbose = true']],
    ['the last of several', `${guide} --udp-port 1 --udp-port 2`, ['udp-port = 2']],
    ['quotes', `${guide} --tracker-id "My \\"own\\" tracker"`, ['tracker-id = "My \\"own\\" tracker"']],
    ['single quotes', `${guide} '--tracker-id=a  b'`, ['tracker-id = "a  b"']],
    ['an empty value', `${guide} --tracker-id ''`, ['tracker-id = ""']],
    ['escapes', `${guide} --tracker-id a\\x20b\\s\\u0063`, ['tracker-id = "a b c"']],
    ['percent and dollar signs', `${guide} --tracker-id 100%%$$`, ['tracker-id = "100%$"']],
    ['comments between lines', `${guide} \\\n# no\n; no\n --udp-port 3`, ['udp-port = 3']],
    ['a prefix', `-${guide} --udp-port 3`, ['udp-port = 3']],
    ['another place', '/usr/bin/env python3 -u /srv/t/tracker_server.py --udp-port 3', ['udp-port = 3']],
    [
      'a shell',
      `/bin/sh -c "exec ${guide} --udp-port 3 --tracker-id 'a b' >>/var/log/t 2>&1"`,
      ['tracker-id = "a b"', 'udp-port = 3'],
    ],
  ];
  for (const [name, line, settings] of cases) {
    test(`${name}`, () => {
      const found = carried(`ExecStart=${line}`);
      assert.equal(found.told, '');
      assert.deepEqual(found.settings, settings);
    });
  }

  test('variables, of the unit and of a file', () => {
    writeFileSync(join(directory, 'defaults'), '# none\nPORT=7\nMORE="--ipv6 --interval 900"\n');
    const { settings, told } = carried(
      `Environment="ID=a b" X=1\nEnvironmentFile=-/defaults\nExecStart=${guide} --udp-port \${PORT} --tracker-id \${ID} $MORE`,
    );
    assert.equal(told, '');
    assert.deepEqual(settings, ['interval = 900', 'ipv6 = true', 'tracker-id = "a b"', 'udp-port = 7']);
  });

  test('a drop-in replaces the command, and relative paths begin in WorkingDirectory', () => {
    const { settings } = carried(
      `ExecStart=${guide} --udp-port 1`,
      `WorkingDirectory=/srv/tracker\nExecStart=\nExecStart=${guide} --https-port 443 --cert c.pem --key k.pem`,
    );
    assert.deepEqual(settings, [
      'cert = "/srv/tracker/c.pem"',
      'https-port = 443',
      'key = "/srv/tracker/k.pem"',
    ]);
  });

  const told: [string, string, string[], RegExp][] = [
    ['an unknown flag with its value', '--frobnicate 7 --udp-port 1', ['udp-port = 1'], /--frobnicate 7$/m],
    ['an ambiguous beginning', '--http 7', [], /no flag of the earlier tracker: --http 7/],
    ['a word that belongs to nothing', 'start --udp-port 1', ['udp-port = 1'], /tracker: start$/m],
    ['no number', '--interval soon', [], /no number: --interval soon/],
    [
      'a number that this tracker does not take',
      '--max-peers 5000',
      ['max-peers = 2000'],
      /5000 is not from 1 to 2000/,
    ],
    ['a missing value', '--domain --ipv6', ['ipv6 = true'], /its value is missing: --domain/],
    ['a redirect to nowhere', '--redirect-http', [], /no HTTPS to redirect to: --redirect-http/],
    ['HTTPS without a certificate', '--https-port 443', [], /needs --cert and --key: --https-port/],
    ['what only systemd knows', '--tracker-id %H', ['tracker-id = "%H"'], /%H in ExecStart= is something/],
    [
      'a certificate below /home',
      '--https-port 1 --cert /home/a/c --key /home/a/k',
      ['cert = "/home/a/c"', 'https-port = 1', 'key = "/home/a/k"'],
      /cannot see home directories/,
    ],
  ];
  for (const [name, flags, settings, line] of told) {
    test(`tells of ${name}`, () => {
      const found = carried(`ExecStart=${guide} ${flags}`);
      assert.match(found.told, line);
      assert.deepEqual(found.settings, settings);
    });
  }

  test('a unit that starts something else is refused', () => {
    assert.equal(carried('ExecStart=/usr/local/bin/tracker-server --udp-port 1').status, 1);
  });
});
