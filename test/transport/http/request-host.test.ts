// Which Host fields name the tracker, and which are not to be believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRequestHost } from '../../../src/transport/http/request-host.ts';

const names: [field: string, name: string][] = [
  ['tracker.example.net', 'tracker.example.net'],
  ['Tracker.Example.NET:6969', 'tracker.example.net'],
  ['localhost:1', 'localhost'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['my_host.lan:80', 'my_host.lan'],
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:65535', '192.0.2.7'],
  ['[2001:DB8::7]:6969', '[2001:db8::7]'],
  ['[::1]', '[::1]'],
];
for (const [field, name] of names) {
  test(`the Host ${field} names ${name}`, () => assert.equal(parseRequestHost(field), name));
}

const wrong = [
  ...[
    '',
    ':80',
    'a b',
    'a/b',
    'a\\b',
    'user@a',
    'a?b',
    'a#b',
    '<b>',
    'a"b',
    "a'b",
    'a&b',
    'a..b',
    '.a',
    'a.',
    '-a',
  ],
  ...[
    'a:b',
    'a:',
    'a:123456',
    'a:65536',
    '1.2.3',
    '256.1.1.1',
    '0x7f.1',
    '::1',
    '[::1',
    '[::1%25eth0]',
    '[1.2.3.4]',
  ],
  ...['bücher.example', 'a\u202eb', 'a\r\nb', `${'a'.repeat(64)}.example`, 'a.'.repeat(130)],
];
for (const field of wrong) {
  test(`the Host ${JSON.stringify(field.slice(0, 70))} names nothing`, () => {
    assert.equal(parseRequestHost(field), undefined);
  });
}

test('what a Host names is text that needs no escaping, whatever was sent', () => {
  assert.equal(parseRequestHost(undefined), undefined);
  const pieces = fc.array(
    fc.constantFrom('a', '9', '.', ':', '[', ']', '-', '_', '<', '"', '/', '@', ' ', 'é'),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.domain(),
        fc.ipV6(),
        pieces.map((all) => all.join('')),
      ),
      (field) => {
        const name = parseRequestHost(field);
        assert.ok(name === undefined || /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(name), name);
      },
    ),
  );
});
