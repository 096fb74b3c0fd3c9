// Checks which request targets are announces, scrapes, the page, or nothing, and where their queries begin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpTarget, Target } from '../../../src/transport/http/http-target.ts';

function read(target: string): [Target, string] {
  const bytes = Buffer.from(`${target} and what lies behind it/announce`, 'latin1');
  const reader = new HttpTarget();
  reader.read(bytes, 0, target.length);
  return [reader.kind, target.slice(reader.queryAt)];
}

const targets: [string, Target, string][] = [
  ['/announce', Target.announce, ''],
  ['/announce/', Target.announce, ''],
  ['/announce?a=b', Target.announce, 'a=b'],
  ['/announce/?a=b', Target.announce, 'a=b'],
  ['/announce?', Target.announce, ''],
  ['/announce?a?b/scrape', Target.announce, 'a?b/scrape'],
  ['/passkey/announce?a', Target.announce, 'a'],
  ['//announce', Target.announce, ''],
  ['/scrape', Target.scrape, ''],
  ['/x/y/scrape/?a', Target.scrape, 'a'],
  ['/announce/scrape', Target.scrape, ''],
  ['http://tracker.example.net:6969/announce?a', Target.announce, 'a'],
  ['https://tracker.example.net/scrape', Target.scrape, ''],
  ['/', Target.page, ''],
  ['/?a', Target.page, 'a'],
  ['//', Target.unknown, ''],
  ['http://tracker.example.net/', Target.page, ''],
  ['http://tracker.example.net', Target.unknown, ''],
  ['/announce//', Target.unknown, ''],
  ['/announcex', Target.unknown, ''],
  ['/xannounce', Target.unknown, ''],
  ['/Announce', Target.unknown, ''],
  ['/announce.php', Target.unknown, ''],
  ['/announce%2f', Target.unknown, ''],
  ['/?/announce', Target.page, '/announce'],
  ['announce', Target.unknown, ''],
  ['ftp://tracker/announce', Target.unknown, ''],
  ['*', Target.unknown, ''],
  ['', Target.unknown, ''],
];
for (const [target, kind, query] of targets) {
  const name = Object.entries(Target).find(([, value]) => value === kind)![0];
  test(`"${target}" is ${name} with the query "${query}"`, () => {
    const [found, foundQuery] = read(target);
    assert.equal(found, kind);
    if (kind !== Target.unknown) assert.equal(foundQuery, query);
  });
}

test('noise is read within its bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('/', '?', 'announce', 'scrape', 'http://', 'x')), (parts) => {
      const target = parts.join('');
      const bytes = Buffer.from(target, 'latin1');
      const reader = new HttpTarget();
      reader.read(bytes, 0, bytes.length);
      assert.ok(reader.queryAt >= 0 && reader.queryAt <= bytes.length);
    }),
  );
});
