// Usage errors: one line on stderr that names the option, exit code 2, nothing sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runQuery } from './run-query.ts';

const url = 'http://127.0.0.1:1/announce';
const cases: [string, string[], RegExp][] = [
  ['no tracker', [], /no tracker.*-t/],
  ['an unknown option, with a suggestion', ['--trakcer', url], /--trakcer.*did you mean --tracker\?/],
  [
    'an unknown command, with a suggestion',
    ['docter', url],
    /unknown command 'docter' \(did you mean doctor\?\)/,
  ],
  ['a word that is no command', ['quux'], /unexpected word 'quux'/],
  ['a word too many', ['doctor', url, 'more'], /unexpected word 'more'/],
  ['a command without its word', ['doctor'], /doctor needs URL\|HOST/],
  ['an option of the doctor alone', ['-t', url, '--strict'], /unknown option '--strict'/],
  [
    'the opposite of an option',
    ['-t', url, '--cleanup'],
    /'--cleanup'; that is how it is without --no-cleanup/,
  ],
  ['an option of a command, mistyped', ['doctor', url, '--strct'], /--strct.*did you mean --strict\?/],
  ['a word that is neither URL nor host', ['-t', 'tracker/announce'], /bad tracker URL/],
  ['a URL of an unknown scheme', ['-t', 'ftp://x/announce'], /unknown scheme 'ftp'/],
  ['a WebSocket URL without a host', ['-t', 'wss://'], /no valid host/],
  ['a URL with port 0', ['-t', 'udp://127.0.0.1:0/announce'], /port 0/],
  ['a URL with port 65536', ['-t', 'udp://127.0.0.1:65536/announce'], /bad tracker URL/],
  ['a URL with a control character', ['-t', 'http://x/\x1b[2J'], /bad tracker URL/],
  ['a hash of 39 digits', ['-t', url, '-H', 'a'.repeat(39)], /bad hash/],
  ['a magnet link without a hash', ['-t', url, '-H', 'magnet:?dn=x'], /bad hash/],
  ['a file that is no torrent', ['-t', url, '-H', import.meta.filename], /no torrent/],
  ['several hashes without -s', ['-t', url, '-H', 'a'.repeat(40), '-H', 'b'.repeat(40)], /-s/],
  ['-R with -b', ['-b', '-R'], /-R/],
  ['-l without -p', ['-t', url, '-l'], /-l needs -p/],
  ['-s on a URL without a scrape form', ['-t', 'http://127.0.0.1:1/x', '-s'], /no scrape form/],
  ['an unknown event', ['-t', url, '-e', 'begun'], /--event must be started or completed or .* not 'begun'/],
  ['an unknown format', ['-t', url, '-o', 'xml'], /format/],
  ['a batch file that is not there', ['-b', '-f', '/no/such/file'], /cannot read the list/],
  ['a time-out of 0', ['-t', url, '--timeout', '0'], /--timeout/],
  ['a port of 65536', ['-t', url, '--port', '65536'], /--port/],
  ['a num-want that is no number', ['-t', url, '-n', '1e3'], /--num-want/],
  ['a negative left', ['-t', url, '-L', '-1'], /--left/],
  ['-4 with -6', ['-t', url, '-4', '-6'], /-4 and -6/],
];

for (const [name, words, expected] of cases) {
  test(`${name} is a usage error`, async () => {
    const { code, stdout, stderr } = await runQuery(words);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
    assert.equal(stderr.trim().split('\n').length, 1, 'one line');
    assert.equal(stdout, '');
    assert.ok(!stderr.includes('\x1b'));
  });
}

test('--help fits 80 columns and names every option', async () => {
  const { code, stdout } = await runQuery(['--help']);
  assert.equal(code, 0);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  for (const option of [
    '--tracker',
    '--hash',
    '--full-scrape',
    '--no-cleanup',
    '--watch',
    'doctor',
    'completion',
  ]) {
    assert.ok(stdout.includes(option), option);
  }
});
