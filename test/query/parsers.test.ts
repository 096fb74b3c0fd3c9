// What a user or a list may write: any text is understood or refused with a UsageError, and never anything else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/cli/usage-error.ts';
import { parseCommandLine } from '../../src/query/command/command-line.ts';
import { parseInfoHash, parseMagnetLink } from '../../src/query/command/input-hash.ts';
import { scopeOf } from '../../src/query/network/address-scope.ts';
import { addressesInHosts } from '../../src/query/network/hosts-file.ts';
import { formatTrackerUrl, parseTrackerUrl, targetWith } from '../../src/query/network/tracker-url.ts';
import { formatMs, formatSeconds, speedOf } from '../../src/query/report/wording.ts';

function refusesOrReads(read: (text: string) => unknown): (text: string) => void {
  return (text) => {
    try {
      read(text);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
    }
  };
}

const urlText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.stringMatching(/^(http|https|udp|ws):\/\/[a-z0-9.:@[\]%-]{0,20}[/?#a-z0-9=&%]{0,20}$/),
  fc.webUrl({ withQueryParameters: true }),
);

test('any text is a tracker URL or a usage error', () => {
  fc.assert(fc.property(urlText, refusesOrReads(parseTrackerUrl)), { numRuns: 1000 });
});

test('a tracker URL written back reads the same', () => {
  fc.assert(
    fc.property(
      fc.webUrl({ withQueryParameters: true }),
      fc.constantFrom('http', 'https', 'udp'),
      (text, scheme) => {
        const url = parseTrackerUrl(text.replace(/^[a-z]+/, scheme));
        const { text: _, ...again } = parseTrackerUrl(formatTrackerUrl(url));
        const { text: __, ...parts } = url;
        assert.deepEqual(again, parts);
      },
    ),
  );
});

test('tracker URLs give host, port, path and query', () => {
  const parts = (text: string) => {
    const { scheme, host, port, path, query } = parseTrackerUrl(text);
    return [scheme, host, port, path, query];
  };
  assert.deepEqual(parts('http://x.example/announce'), ['http', 'x.example', 80, '/announce', '']);
  assert.deepEqual(parts('HTTPS://X.example/a?b=c#d'), ['https', 'x.example', 443, '/a', 'b=c']);
  assert.deepEqual(parts('https://x.example:80/'), ['https', 'x.example', 80, '/', '']);
  assert.deepEqual(parts('udp://[2001:DB8::1]:6969'), ['udp', '2001:db8::1', 6969, '/', '']);
  assert.deepEqual(parts('udp://tracker.example:443/announce'), [
    'udp',
    'tracker.example',
    443,
    '/announce',
    '',
  ]);
  assert.equal(targetWith(parseTrackerUrl('http://x/a?b=c'), 'd=e'), '/a?b=c&d=e');
  assert.equal(targetWith(parseTrackerUrl('http://x/a'), 'd=e'), '/a?d=e');
  assert.equal(targetWith(parseTrackerUrl('http://x/a?b'), ''), '/a?b');
});

test('any text is a hash, no hash, or a usage error', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      const infoHash = parseInfoHash(text);
      assert.ok(infoHash === undefined || infoHash.length === 20);
      refusesOrReads(parseMagnetLink)(`magnet:?${text}`);
    }),
  );
});

test('any words are a command line or a usage error of one line', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '-t',
      '-H',
      '-o',
      'json',
      '-R',
      '5',
      '-b',
      'doctor',
      'completion',
      '--watch',
      '-4',
      '-',
      '--',
      '-x',
    ),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      try {
        parseCommandLine(words, '0');
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.ok(!error.message.includes('\n'));
      }
    }),
    { numRuns: 300 },
  );
});

test('-R takes a number or none', () => {
  const retry = (...words: string[]) => {
    const invocation = parseCommandLine(['-t', 'x', ...words], '0');
    return invocation.command === 'query' ? invocation.options.retry : 'no query';
  };
  assert.equal(retry(), undefined);
  assert.equal(retry('-R'), true);
  assert.equal(retry('-R', '3'), '3');
  assert.equal(retry('-R', '-p'), true);
});

test('a hosts file names addresses, comments and case aside', () => {
  const text = '127.0.0.1 localhost Vm # vm2\n#1.2.3.4 vm\n::1\tlocalhost\nnonsense vm\n';
  assert.deepEqual(addressesInHosts(text, 'LOCALHOST'), ['127.0.0.1', '::1']);
  assert.deepEqual(addressesInHosts(text, 'vm'), ['127.0.0.1']);
  assert.deepEqual(addressesInHosts(text, 'vm2'), []);
});

test('the scope of an address is that of the IPv4 address within it', () => {
  const scopes: [string, string][] = [
    ['8.8.8.8', 'public'],
    ['127.1.2.3', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['172.31.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['224.0.0.1', 'reserved'],
    ['203.0.113.9', 'reserved'],
    ['2606:4700::1', 'public'],
    ['fe80::1%eth0', 'link-local'],
    ['fdff::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['2002:7f00:1::1', 'loopback'],
    ['100.63.255.255', 'public'],
    ['100.64.0.0', 'private'],
    ['203.0.113.9', 'reserved'],
    ['198.51.100.1', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['192.0.3.1', 'public'],
    ['2001:db8::1', 'reserved'],
    ['2001:db9::1', 'public'],
    ['3fff:fff::1', 'reserved'],
    ['3fff:1000::1', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b:1::1', 'reserved'],
    ['febf::1%eth0', 'link-local'],
    ['fec0::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['tracker.example', 'reserved'],
  ];
  for (const [address, scope] of scopes) assert.equal(scopeOf(address), scope, address);
});

test('times are put into words at their limits', () => {
  assert.deepEqual(
    [149.9, 150, 299, 300, 499, 500].map((ms) => speedOf(ms).tier),
    ['Excellent', 'Good', 'Good', 'OK', 'OK', 'Slow'],
  );
  assert.equal(formatMs(12.34), '12.3 ms');
  assert.equal(formatMs(1234.5), '1235 ms');
  assert.equal(formatSeconds(59), '59 s');
  assert.equal(formatSeconds(5400), '5400 s (1.5 h)');
  assert.match(formatSeconds(2 ** 32 - 1), /years\)$/);
});
