import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/cli/usage-error.ts';
import { readConfiguration } from '../../../src/server/options/configuration.ts';
import { formatConfiguration, listConfiguration } from '../../../src/server/options/format-configuration.ts';
import { environmentName, optionNames, optionOf } from '../../../src/server/options/options.ts';
import type { ResolvedConfiguration } from '../../../src/server/options/resolved-configuration.ts';
import { listeningTransports } from '../../../src/transport/transports.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-configuration-'));
after(() => rmSync(directory, { recursive: true }));

let files = 0;
function tomlFile(text: string): string {
  const path = join(directory, `${files++}.toml`);
  writeFileSync(path, text);
  return path;
}

function read(words: string[], environment: Record<string, string> = {}): ResolvedConfiguration {
  const invocation = readConfiguration(words, environment);
  assert.equal(invocation.print, undefined);
  return invocation as ResolvedConfiguration;
}

/** The one line that these words, this environment and this file are refused with. */
function refusal(words: string[], environment: Record<string, string> = {}, toml?: string): string {
  const flags = toml === undefined ? words : [...words, '--config', tomlFile(toml)];
  try {
    readConfiguration(flags, environment);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.equal(error.exitCode, 2);
    assert.doesNotMatch(error.message, /[\r\n]/, 'the message is one line');
    return error.message.replaceAll(directory, 'DIR');
  }
  return assert.fail(`accepted: ${JSON.stringify({ words, environment, toml })}`);
}

describe('what a tracker does without options', () => {
  test('the defaults are those of the earlier tracker (docs/compatibility.md)', () => {
    const { values, origins, warnings } = read([]);
    assert.deepEqual(
      { ...values, workers: 0, 'stream-workers': 0, 'refused-ports': [] },
      {
        // Of transports that the earlier tracker has not: as each says itself.
        ...Object.fromEntries(listeningTransports.map(({ name, port }) => [`${name}-port`, port.default])),
        host: undefined,
        'http-port': 6969,
        'udp-port': 6969,
        xdp: [],
        'no-xdp-shield': false,
        'io-uring': false,
        ipv6: false,
        'https-port': undefined,
        cert: undefined,
        key: undefined,
        'redirect-http': false,
        domain: 'localhost',
        'acme-domain': [],
        'acme-email': undefined,
        'acme-directory': 'https://acme-v02.api.letsencrypt.org/directory',
        'acme-http-port': 80,
        interval: 1800,
        'min-interval': 60,
        'peer-ttl': 3600,
        'max-peers': 200,
        'max-scrape-hashes': 5,
        'full-scrape': false,
        'tracker-id': 'Wildkat',
        'no-ipv4-mapped': false,
        'no-webtorrent': false,
        'ws-origin': [],
        'deny-ws-origin': [],
        'trusted-proxy': [],
        'proxy-protocol': false,
        'allow-list': undefined,
        'deny-list': undefined,
        'allow-client': [],
        'deny-client': [],
        'deny-ip': [],
        'rate-limit': { udp: { rate: 200, burst: 2000 }, http: { rate: 50, burst: 500 } },
        'refused-ports': [],
        'memory-limit': 512 * 2 ** 20,
        'data-dir': undefined,
        takeover: false,
        cluster: undefined,
        'cluster-node': undefined,
        'cluster-secret-file': undefined,
        'snapshot-interval': 60,
        workers: 0,
        'stream-workers': 0,
        'admin-port': undefined,
        'admin-host': '127.0.0.1',
        'admin-allowed-host': [],
        'admin-token-file': undefined,
        'admin-socket': undefined,
        'log-ip': 'truncated',
        verbose: false,
        'log-format': 'text',
        config: undefined,
        check: false,
      },
    );
    assert.ok(values.workers >= 1);
    assert.ok(Object.values(origins).every((origin) => origin === 'default'));
    assert.deepEqual(warnings, []);
  });
});

describe('precedence', () => {
  test('a flag wins over the environment, the environment over the file, the file over the default', () => {
    const toml = tomlFile('interval = 100\nmax-peers = 10\nhttp-port = 8080\nipv6 = true\n');
    const environment = { CARACAL_INTERVAL: '200', CARACAL_MAX_PEERS: '20' };
    const { values, origins } = read(['--interval', '300', '--config', toml], environment);
    assert.deepEqual([values.interval, origins.interval], [300, 'flag']);
    assert.deepEqual([values['max-peers'], origins['max-peers']], [20, 'environment']);
    assert.deepEqual([values['http-port'], origins['http-port']], [8080, 'file']);
    assert.deepEqual([values.ipv6, origins.ipv6], [true, 'file']);
    assert.deepEqual([values['udp-port'], origins['udp-port']], [6969, 'default']);
  });

  test('the environment may name the file, and a flag names another', () => {
    const one = tomlFile('interval = 100\n');
    const two = tomlFile('interval = 200\n');
    assert.equal(read([], { CARACAL_CONFIG: one }).values.interval, 100);
    assert.equal(read(['--config', two], { CARACAL_CONFIG: one }).values.interval, 200);
  });

  test('a switch that the file turns on is turned off by the environment', () => {
    const toml = tomlFile('ipv6 = true\n');
    for (const off of ['0', 'false']) {
      assert.equal(read(['--config', toml], { CARACAL_IPV6: off }).values.ipv6, false);
    }
    assert.equal(read([], { CARACAL_IPV6: '1' }).values.ipv6, true);
    assert.equal(read([], { CARACAL_IPV6: 'true' }).values.ipv6, true);
  });

  test('a repeated flag takes the last value, and --trusted-proxy collects', () => {
    const { values } = read([
      '--interval',
      '1',
      '--interval=2',
      '--trusted-proxy',
      '10.0.0.0/8',
      '--trusted-proxy=::1',
    ]);
    assert.equal(values.interval, 2);
    assert.deepEqual(values['trusted-proxy'], ['10.0.0.0/8', '::1']);
    const environment = { CARACAL_TRUSTED_PROXY: '10.0.0.0/8, fd00::/8' };
    assert.deepEqual(read([], environment).values['trusted-proxy'], ['10.0.0.0/8', 'fd00::/8']);
  });
});

describe('values', () => {
  test('sizes are bytes or powers of 1024', () => {
    const sizes = {
      '64MiB': 2 ** 26,
      '1GiB': 2 ** 30,
      '512M': 2 ** 29,
      '16777216': 2 ** 24,
      '32 mb': 2 ** 25,
      '4g': 2 ** 32,
    };
    for (const [text, bytes] of Object.entries(sizes)) {
      assert.equal(read(['--memory-limit', text]).values['memory-limit'], bytes, text);
    }
    assert.equal(read(['--config', tomlFile('memory-limit = 67108864')]).values['memory-limit'], 2 ** 26);
  });

  test('any asks for a free port and 0 disables', () => {
    const { values } = read(['--http-port', 'any', '--udp-port', '0']);
    assert.deepEqual([values['http-port'], values['udp-port']], ['any', 0]);
  });

  test('several ports and addresses are given one by one, by commas, and as lists of a file', () => {
    const flags = read(['--udp-port', '1', '--udp-port', '2,3', '--host', '::1,127.0.0.1']).values;
    assert.deepEqual(
      [flags['udp-port'], flags.host],
      [
        [1, 2, 3],
        ['::1', '127.0.0.1'],
      ],
    );
    const environment = { CARACAL_HTTP_PORT: '80,8080', CARACAL_HOST: '127.0.0.1 127.0.0.2' };
    const variables = read([], environment).values;
    assert.deepEqual(
      [variables['http-port'], variables.host],
      [
        [80, 8080],
        ['127.0.0.1', '127.0.0.2'],
      ],
    );
    const file = read([
      '--config',
      tomlFile('http-port = [80, "any"]\nudp-port = [1]\nhost = ["::1"]'),
    ]).values;
    assert.deepEqual([file['http-port'], file['udp-port'], file.host], [[80, 'any'], 1, '::1']);
    const same = read(['--udp-port', '1,1', '--http-port', 'any,any']).values;
    assert.deepEqual([same['udp-port'], same['http-port']], [1, ['any', 'any']]);
  });

  test('an empty tracker id is a value', () => {
    assert.equal(read(['--tracker-id', '']).values['tracker-id'], '');
    assert.equal(read(['--config', tomlFile('tracker-id = ""')]).values['tracker-id'], '');
  });

  test('--min-interval follows a shorter --interval unless it is given itself', () => {
    assert.equal(read(['--interval', '30']).values['min-interval'], 30);
    assert.match(
      refusal(['--interval', '30', '--min-interval', '60']),
      /--min-interval \(60\).*--interval \(30\)/,
    );
  });

  test('a redirect that leads nowhere is warned of', () => {
    const https = ['--https-port', '8443', '--cert', 'a', '--key', 'b'];
    const warningsOf = (...words: string[]) => read([...https, ...words]).warnings.join('\n');
    assert.equal(warningsOf(), '');
    assert.match(warningsOf('--redirect-http'), /sends clients to https:\/\/localhost\/.*set --domain/);
    assert.match(
      warningsOf('--redirect-http', '--domain', 'a.example'),
      /^--domain a\.example carries no port and --https-port is 8443.*--domain a\.example:8443$/,
    );
    assert.equal(warningsOf('--redirect-http', '--domain', 'a.example:8443'), '');
    assert.equal(warningsOf('--redirect-http', '--domain', ''), '');
    assert.equal(
      warningsOf('--redirect-http', '--domain', 'a.example', '--https-port', '443'),
      '',
      '443 too',
    );
    assert.match(
      warningsOf('--redirect-http', '--domain', 'a:1', '--http-port', '0'),
      /does nothing without HTTP/,
    );
    assert.match(read(https.with(1, '0')).warnings.join(), /do nothing without --https-port/);
    assert.match(warningsOf('--acme-email', 'a@b.example'), /does nothing without --acme-domain/);
  });

  test('a peer-ttl shorter than the interval is allowed with a warning', () => {
    const { warnings } = read(['--peer-ttl', '600']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /--peer-ttl \(600\) is shorter than --interval \(1800\)/);
  });
});

describe('mistakes are refused in one line that names them', () => {
  const flags: [string[], RegExp][] = [
    [['--htp-port', '1'], /^unknown option '--htp-port' \(did you mean --http-port\?\)$/],
    [['--verbos'], /^unknown option '--verbos' \(did you mean --verbose\?\)$/],
    [['--quux'], /^unknown option '--quux'$/],
    [['-x'], /^unknown option '-x'$/],
    [['--no-ipv6'], /^unknown option '--no-ipv6'; that is how it is without --ipv6$/],
    [['--ipv4-mapped'], /^unknown option '--ipv4-mapped'; that is how it is without --no-ipv4-mapped$/],
    [['--no-ipv4-maped'], /did you mean --no-ipv4-mapped\?/],
    [['--no-http-port'], /^unknown option '--no-http-port'$/],
    [['--vresion'], /did you mean --version\?/],
    [['--http-port'], /^--http-port <PORT> is missing its value$/],
    [['--ipv6=1'], /^--ipv6 takes no value$/],
    [['start'], /^unexpected word 'start'$/],
    [['--http-port', '70000'], /^--http-port must be a port from 0 to 65535, or any, not '70000'$/],
    [['--http-port', '-1'], /^--http-port must be .* not '-1'$/],
    [['--http-port', '1e3'], /^--http-port must be .* not '1e3'$/],
    [['--udp-port', ''], /^--udp-port must be .* not ''$/],
    [['--interval', '0'], /^--interval must be whole seconds from 1 to 604800, not '0'$/],
    [['--interval', '1.5'], /^--interval must be /],
    [['--max-peers', '0'], /^--max-peers must be a whole number from 1 to 2000, not '0'$/],
    [['--memory-limit', '1TiB'], /^--memory-limit must be a size from 16MiB to 4GiB .* not '1TiB'$/],
    [['--memory-limit', '1MiB'], /^--memory-limit must be a size/],
    [['--udp-port', '1,x'], /^--udp-port must be a port from 0 to 65535, or any, not '1,x'$/],
    [['--udp-port', '1', '--udp-port', '0'], /^--udp-port 0 disables UDP, and cannot stand beside 1$/],
    [
      ['--host', '0.0.0.0,192.0.2.1'],
      /^--host 0\.0\.0\.0 stands for every address of IPv4, so 192\.0\.2\.1 .*/,
    ],
    [['--host', '::', '--host', '::1'], /^--host :: stands for every address of IPv6, so ::1 beside it/],
    [['--host', 'localhost'], /^--host must be an IPv4 or IPv6 address, not 'localhost'$/],
    [['--trusted-proxy', '10.0.0.0/33'], /^--trusted-proxy must be a network .* not '10.0.0.0\/33'$/],
    [['--trusted-proxy', '10.0.0.0/8', '--trusted-proxy', 'x'], /^--trusted-proxy must be .* not 'x'$/],
    [['--log-format', 'xml'], /^--log-format must be text or json, not 'xml'$/],
    [['--domain', 'a\r\nSet-Cookie: b'], /^--domain must be .* not 'a\\x0d\\x0aSet-Cookie: b'$/],
    [['--domain', 'a/b'], /^--domain must be /],
    [['--tracker-id', 'a\nb'], /^--tracker-id must be .* not 'a\\x0ab'$/],
    [['--config', '/nonexistent.toml'], /^cannot read \/nonexistent\.toml: ENOENT/],
    [['--https-port', '8443'], /^--https-port needs --cert and --key, or --acme-domain$/],
    [['--https-port', 'any', '--cert', 'a.pem'], /^--cert needs --key$/],
    [['--key', 'a.pem'], /^--key needs --cert$/],
    [['--redirect-http'], /^--redirect-http needs --https-port/],
    [['--redirect-http', '--https-port', '0'], /^--redirect-http needs --https-port/],
    [
      ['--redirect-http', '--https-port', 'any', '--cert', 'a', '--key', 'b', '--domain', ''],
      /^--redirect-http needs --domain/,
    ],
    [['--acme-domain', 'a.example'], /^--acme-domain needs --https-port$/],
    [['--acme-domain', 'a.example', '--https-port', '443'], /^--acme-domain needs --data-dir/],
    [['--acme-domain', 'a.example', '--cert', 'a', '--key', 'b'], /^--acme-domain and --cert contradict/],
    [['--acme-domain', '192.0.2.1'], /^--acme-domain must be a host name .* not '192.0.2.1'$/],
    [['--acme-domain', '*.example.net'], /^--acme-domain must be a host name/],
    [['--acme-domain', 'a..example'], /^--acme-domain must be a host name/],
    [['--acme-directory', 'http://a.example/'], /^--acme-directory must be a URL that begins with https/],
    [['--acme-email', 'a.example'], /^--acme-email must be an e-mail address/],
    [['--proxy-protocol'], /^--proxy-protocol needs --trusted-proxy/],
  ];
  for (const [words, message] of flags) {
    test(JSON.stringify(words.join(' ')), () => assert.match(refusal(words), message));
  }

  const variables: [Record<string, string>, RegExp][] = [
    [{ CARACAL_HTTP_PORT: 'abc' }, /^CARACAL_HTTP_PORT must be a port from 0 to 65535, or any, not 'abc'$/],
    [{ CARACAL_IPV6: 'yes' }, /^CARACAL_IPV6 must be true or false .* not 'yes'$/],
    [{ CARACAL_REDIRECT_HTTP: '1' }, /^--redirect-http needs --https-port/],
  ];
  for (const [environment, message] of variables) {
    test(JSON.stringify(environment), () => assert.match(refusal([], environment), message));
  }

  const contents: [string, RegExp][] = [
    ['htpp-port = 1', /^DIR.*: unknown key 'htpp-port' \(did you mean http-port\?\)$/],
    [
      '\n[http]\nport = 1',
      /^DIR.*\.toml:2: there are no tables here, so no \[http\]: settings stand by themselves$/,
    ],
    ['[server]\nipv6 = true', /^DIR.*:1: .*no \[server\]: settings stand by themselves, ipv6 too$/],
    ['a.b = 1', /^DIR.*:1: .*no \[a\]/],
    ['__proto__ = 1', /^DIR.*: unknown key '__proto__'$/],
    ['check = true', /^DIR.*: unknown key 'check'$/],
    ['config = "other.toml"', /^DIR.*: unknown key 'config'$/],
    ['http-port = "8080"', /^DIR.*: http-port must be a port from 0 to 65535, or any, not '"8080"'$/],
    ['http-port = 80.5', /^DIR.*: http-port must be /],
    ['ipv6 = 1', /^DIR.*: ipv6 must be true or false/],
    ['trusted-proxy = ["10.0.0.0/8", 7]', /^DIR.*: trusted-proxy must be a network/],
    ['interval = [1800]', /^DIR.*: interval must be whole seconds/],
    ['interval = ', /^DIR.*\.toml:1:12: /],
    ['interval = 1\n\ninterval = 2', /^DIR.*\.toml:3:1: 'interval' stands here again, after line 1$/],
    ['[a]\n[a]', /^DIR.*\.toml:2:2: 'a' stands here again, after line 1$/],
    [
      'ipv6 = true\ndomain = tracker.example.net # ours',
      /^DIR.*:2:10: the value of domain needs quotes: domain = "tracker\.example\.net"$/,
    ],
    ['cert = /etc/x.pem', /:1:8: the value of cert needs quotes: cert = "\/etc\/x\.pem"$/],
    ['admin-host = 127.0.0.1', /the value of admin-host needs quotes: admin-host = "127\.0\.0\.1"$/],
    ['memory-limit = 512MiB', /the value of memory-limit needs quotes: memory-limit = "512MiB"$/],
    ['trusted-proxy = [10.0.0.0/8]', /each text in the list of trusted-proxy needs quotes$/],
    ['ipv6 = yes', /:1:8: ipv6 must be true \(without quotes, in small letters\), not 'yes'$/],
    ['ipv6 = False', /ipv6 must be false \(without quotes, in small letters\), not 'False'$/],
    ['http-port: 8080', /:1:10: a setting is written: key = value \(/],
    ['http-port 8080', /a setting is written: key = value \(/],
    ['http-port', /a setting is written: key = value \(/],
    ['domain = "a', /:1:\d+: unfinished string$/],
    ['# one\n\nhtpp-port = 1', /^DIR.*\.toml:3: unknown key 'htpp-port'/],
    ['tracker-id = """\\\nquux = 1"""\nquux = 2', /:3: unknown key 'quux'$/],
    ['interval = 99999999999999999999', /^DIR.*\.toml:1:12: /],
  ];
  for (const [toml, message] of contents) {
    test(JSON.stringify(toml), () => assert.match(refusal([], {}, toml), message));
  }

  test('all faults of a file are told at once, each with its line', () => {
    const path = tomlFile('htpp-port = 1\nipv6 = 1\n[server]\nudp-port = 1\n');
    assert.throws(
      () => readConfiguration(['--config', path], {}),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.deepEqual(
          error.lines.map((line) => line.slice(path.length).replace(/,? (not|\(did|so no|true).*/, '')),
          [":1: unknown key 'htpp-port'", ':2: ipv6 must be', ':3: there are no tables here'],
        );
        return true;
      },
    );
  });

  test('lines that are no TOML hide no other fault, and what stands in a table is read too', () => {
    const lines = [
      'interval = 0',
      '[server]',
      'domain = a.example',
      'htpp-port = 1',
      'max-peers = -3',
      'max-peers = 1',
    ];
    const path = tomlFile(lines.join('\n'));
    assert.throws(
      () => readConfiguration(['--config', path], {}),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.deepEqual(
          error.lines.map((line) => line.slice(path.length).replace(/,? (not|so no|\(did).*/, '')),
          [
            ':1: interval must be whole seconds from 1 to 604800',
            ':2: there are no tables here',
            ':3:10: the value of domain needs quotes: domain = "a.example"',
            ":4: unknown key 'htpp-port'",
            ':5: max-peers must be a whole number from 1 to 2000',
            ":6:1: 'max-peers' stands here again",
          ],
        );
        return true;
      },
    );
    // What is cut off in the middle of a list says nothing of what follows.
    assert.match(
      refusal([], {}, 'trusted-proxy = [\n"10.0.0.0/8"\ninterval = 0'),
      /^DIR[^:]*:\d+:\d+: [^;]*$/,
    );
  });

  test('a variable is not looked at where a flag says what is wanted, and an empty one is none', () => {
    const variable = { CARACAL_HTTP_PORT: 'abc', CARACAL_IPV6: '', CARACAL_DOMAIN: '' };
    const { values, origins } = read(['--http-port', '1'], variable);
    assert.deepEqual([values['http-port'], values.ipv6, values.domain], [1, false, 'localhost']);
    assert.equal(origins.ipv6, 'default');
  });

  test('what Kubernetes sets for a service is ignored with a line, whatever option has its name', () => {
    for (const name of optionNames.filter((name) => !optionOf(name).flagOnly)) {
      for (const text of ['tcp://10.96.0.1:80', 'udp://[fd00::1]:6969']) {
        const { origins, warnings } = read([], { [environmentName(name)]: text });
        assert.equal(origins[name], 'default', name);
        assert.deepEqual(warnings, [
          `${environmentName(name)}=${text} is ignored: Kubernetes sets it for a service`,
        ]);
      }
    }
  });

  test('a value is checked also where another source overrides it', () => {
    assert.match(refusal(['--interval', '5'], {}, 'interval = "x"'), /interval must be/);
  });

  test('a variable that is nearly one of ours gets a warning, and a container platform’s own gets none', () => {
    const environment = {
      CARACAL_HTP_PORT: '1',
      CARACAL_SERVICE_HOST: '10.0.0.1',
      CARACAL_PORT_6969_TCP_ADDR: 'x',
    };
    assert.deepEqual(read([], environment).warnings, [
      "the environment sets 'CARACAL_HTP_PORT'; did you mean CARACAL_HTTP_PORT?",
    ]);
  });

  test('no text, in no place, is answered with anything but a value or one line', () => {
    const names = optionNames.filter((name) => !optionOf(name).kind.flag && name !== 'config');
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, text) => {
        for (const [words, environment] of [
          [[`--${name}`, text], {}],
          [[], { [environmentName(name)]: text }],
        ] as [string[], Record<string, string>][]) {
          try {
            readConfiguration(words, environment);
          } catch (error) {
            assert.ok(error instanceof UsageError, String(error));
            assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f]/);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('--check', () => {
  test('prints TOML that --config reads back to the same settings', () => {
    const path = tomlFile('http-port = "any"\ntracker-id = "a \\"b\\" \\\\ é"\n');
    const flags = ['--trusted-proxy', '10.0.0.0/8', '--memory-limit', '20000001', '--ipv6', '--workers', '3'];
    const first = read([...flags, '--config', path, '--check'], {
      CARACAL_MAX_PEERS: '7',
      CARACAL_HOST: '::1',
    });
    const printed = formatConfiguration(first);
    const again = read(['--config', tomlFile(printed)]);
    const bare = { config: undefined, check: false };
    assert.deepEqual({ ...again.values, ...bare }, { ...first.values, ...bare });
  });

  test('neither it nor the admin door shows a password', () => {
    const resolved = read([], {
      CARACAL_CLUSTER: 'rediss://me:pass-word@a.example:6380/2?sentinel-password=pass-word',
    });
    assert.equal(
      resolved.values.cluster,
      'rediss://me:pass-word@a.example:6380/2?sentinel-password=pass-word',
    );
    const told = JSON.stringify([formatConfiguration(resolved), listConfiguration(resolved)]);
    assert.ok(told.includes('rediss://a.example:6380/2'), told);
    assert.ok(!told.includes('pass-word'));
  });

  test('says of each setting where it comes from', () => {
    const path = tomlFile('max-peers = 7\n');
    const printed = formatConfiguration(
      read(['--interval', '900', '--config', path], { CARACAL_PEER_TTL: '2000' }),
    );
    assert.match(printed, /^interval = 900 +# flag --interval$/m);
    assert.match(printed, /^peer-ttl = 2000 +# environment CARACAL_PEER_TTL$/m);
    assert.ok(printed.includes(`# file ${JSON.stringify(path)}\n`));
    assert.match(printed, /^udp-port = 6969 +# default$/m);
    assert.match(printed, /^# data-dir = +# default: nothing is kept$/m);
  });
});
