// How the options against abuse are written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionTable } from '../../../src/server/options/options.ts';
import { rateLimit } from '../../../src/server/options/rate-limit-option.ts';

test('a rate limit is read, written back, and keeps its default where it says nothing', () => {
  const kind = rateLimit();
  const udp = { rate: 200, burst: 2000 };
  const http = { rate: 50, burst: 500 };
  for (const [text, value, written] of [
    ['off', { udp: undefined, http: undefined }, '"off"'],
    ['udp=off', { udp: undefined, http }, '"udp=off,http=50:500"'],
    ['http=7:70', { udp, http: { rate: 7, burst: 70 } }, '"udp=200:2000,http=7:70"'],
    ['udp=10, http=off', { udp: { rate: 10, burst: 100 }, http: undefined }, '"udp=10:100,http=off"'],
    ['udp=65535', { udp: { rate: 65_535, burst: 65_535 }, http }, '"udp=65535:65535,http=50:500"'],
  ] as const) {
    assert.deepEqual(kind.parse(text), value, text);
    assert.equal(kind.format(value), written);
    assert.deepEqual(kind.fromToml(JSON.parse(written)), value);
  }
  for (const text of [
    '',
    'on',
    '200',
    'udp=',
    'udp=0',
    'udp=10:5',
    'udp=1:65536',
    'udp=1,udp=2',
    'tcp=1',
    'udp=1,',
  ]) {
    assert.equal(kind.parse(text), undefined, text);
  }
});

test('refused ports are a list in text and in TOML, and none is an empty one', () => {
  const { kind, default: ports } = optionTable['refused-ports'];
  assert.deepEqual(kind.parse('22, 25,53'), [22, 25, 53]);
  assert.deepEqual(kind.parse('none'), []);
  assert.deepEqual(kind.fromToml([22, 25]), [22, 25]);
  assert.deepEqual(kind.fromToml(22), [22]);
  assert.deepEqual(kind.fromToml('none'), []);
  assert.equal(kind.format([22, 25]), '[22, 25]');
  for (const text of ['', '0', '65536', '22;25', '22,', 'ssh', '-1'])
    assert.equal(kind.parse(text), undefined, text);
  assert.equal(kind.fromToml(['22']), undefined);
  // Where BitTorrent clients listen by default, and where they go to get through firewalls.
  for (const port of [80, 443, 1024, 6881, 6889, 6969, 8080, 51_413])
    assert.ok(!ports.includes(port), `port ${port}`);
});
