// How the sockets of another tracker become ports and addresses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeListeners, parseSocketAddress } from '../../src/import/listeners.ts';
import { Transfer } from '../../src/import/transfer.ts';

const addresses: [string, string | undefined][] = [
  ['192.0.2.1:80', '192.0.2.1 80'],
  ['192.0.2.1', '192.0.2.1 1'],
  ['[2001:db8::1]:80', '2001:db8::1 80'],
  ['[::]', ':: 1'],
  ['::', ':: 1'],
  [':80', ' 80'],
  ['localhost:80', '127.0.0.1 80'],
  ['', ' 1'],
  ['example.net:80', undefined],
  ['192.0.2.1:65536', undefined],
  ['192.0.2.1:80x', undefined],
  ['[192.0.2]:80', undefined],
];
for (const [text, expected] of addresses) {
  test(`'${text}' is ${expected ?? 'no address and port'}`, () => {
    const found = parseSocketAddress(text, 1);
    assert.equal(found && `${found.host} ${found.port}`, expected);
  });
}

/** `udp 0.0.0.0:1`; `6only` says that `::` leaves IPv4 alone. */
const merges: [string[], Record<string, unknown>, number][] = [
  [['udp 0.0.0.0:1'], { 'udp-port': 1 }, 0],
  [['udp 0.0.0.0:1', 'udp [::]:1'], { 'udp-port': 1, ipv6: true }, 0],
  [['udp [::]:1'], { 'udp-port': 1, ipv6: true }, 0],
  [['udp [::]:1 6only'], { 'udp-port': 1, host: '::' }, 0],
  [['udp [2001:db8::1]:1'], { 'udp-port': 1, host: '2001:db8::1' }, 0],
  [['udp 192.0.2.1:1', 'http 192.0.2.1:2'], { 'udp-port': 1, 'http-port': 2, host: '192.0.2.1' }, 0],
  [['udp 192.0.2.1:1', 'udp [2001:db8::1]:1'], { 'udp-port': 1, host: ['192.0.2.1', '2001:db8::1'] }, 0],
  [['udp 0.0.0.0:1', 'udp [2001:db8::1]:1'], { 'udp-port': 1, host: ['0.0.0.0', '2001:db8::1'] }, 0],
  [['udp 192.0.2.1:1', 'udp [::]:1 6only'], { 'udp-port': 1, host: '192.0.2.1', ipv6: true }, 0],
  [
    ['udp 192.0.2.1:1', 'http 192.0.2.2:2'],
    { 'udp-port': 1, 'http-port': 2, host: ['192.0.2.1', '192.0.2.2'] },
    2,
  ],
  [['udp 192.0.2.1:1', 'udp 192.0.2.2:1'], { 'udp-port': 1, host: ['192.0.2.1', '192.0.2.2'] }, 0],
  [['udp 0.0.0.0:1', 'http 127.0.0.1:2'], { 'udp-port': 1, 'http-port': 2 }, 1],
  [['udp 0.0.0.0:1', 'udp 0.0.0.0:2'], { 'udp-port': [1, 2] }, 0],
  [['https :1', 'http :2'], { 'https-port': 1, 'http-port': 2, ipv6: true }, 0],
  [[], {}, 1],
];
for (const [listeners, expected, told] of merges) {
  test(`${listeners.join(', ') || 'no listener'}`, () => {
    const transfer = new Transfer();
    // A certificate, without which HTTPS would be left out.
    const own = { file: 'test', text: '' };
    transfer.take(own, { cert: 'c', key: 'k' });
    for (const text of listeners) {
      const [protocol, address, only] = text.split(' ');
      const place = { file: 'test', line: 1, text };
      const socket = parseSocketAddress(address, 0)!;
      transfer.listen({ place, protocol: protocol as 'udp', ...socket, v6only: only === '6only' });
    }
    mergeListeners(transfer);
    transfer.settle();
    const settings = [...transfer.settings].filter(([name]) => name !== 'cert' && name !== 'key');
    const all = { 'http-port': 0, 'udp-port': 0, ...expected };
    assert.deepEqual(Object.fromEntries(settings.map(([name, { value }]) => [name, value])), all);
    assert.equal(transfer.remarks.filter(({ verdict }) => verdict !== 'taken').length, told);
  });
}
