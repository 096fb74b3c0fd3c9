import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenError, planListeners } from '../../../src/server/listening/listen-plan.ts';
import { type Configuration, defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { StartError } from '../../../src/server/start-error.ts';

function plan(changes: Partial<Configuration>): string[] {
  return planListeners(defaultConfiguration(changes)).map(
    ({ protocol, family, address, port }) => `${protocol}${family} ${address} ${port}`,
  );
}

test('by default HTTP and UDP listen on all IPv4 interfaces', () => {
  assert.deepEqual(plan({}), ['HTTP4 0.0.0.0 6969', 'UDP4 0.0.0.0 6969']);
});

test('--ipv6 adds :: for every protocol', () => {
  assert.deepEqual(plan({ ipv6: true, httpPort: 80 }), [
    'HTTP4 0.0.0.0 80',
    'HTTP6 :: 80',
    'UDP4 0.0.0.0 6969',
    'UDP6 :: 6969',
  ]);
});

test('--host is the address of every listener, of either family', () => {
  assert.deepEqual(plan({ host: '192.0.2.1' }), ['HTTP4 192.0.2.1 6969', 'UDP4 192.0.2.1 6969']);
  assert.deepEqual(plan({ host: '::1', ipv6: true }), ['HTTP6 ::1 6969', 'UDP6 ::1 6969']);
  assert.deepEqual(plan({ host: '192.0.2.1', ipv6: true, udpPort: 0 }), [
    'HTTP4 192.0.2.1 6969',
    'HTTP6 :: 6969',
  ]);
});

test('HTTPS and the port for ACME challenges are listened on for every family', () => {
  assert.deepEqual(plan({ httpsPort: 443, ipv6: true, httpPort: 0, udpPort: 0 }), [
    'HTTPS4 0.0.0.0 443',
    'HTTPS6 :: 443',
  ]);
  const acme = { acmeDomain: ['a.example'], httpsPort: 443, udpPort: 0 } as const;
  assert.deepEqual(plan({ ...acme, httpPort: 80 }), ['HTTP4 0.0.0.0 80', 'HTTPS4 0.0.0.0 443']);
  assert.deepEqual(plan(acme), ['HTTP4 0.0.0.0 6969', 'HTTPS4 0.0.0.0 443', 'ACME4 0.0.0.0 80']);
});

test('several ports are opened on every address, one socket each', () => {
  const several = {
    host: ['192.0.2.1', '2001:db8::1'],
    httpPort: [80, 8080],
    udpPort: [6969, 1337],
    ipv6: true,
  };
  assert.deepEqual(plan(several), [
    ...['HTTP4 192.0.2.1 80', 'HTTP6 2001:db8::1 80', 'HTTP4 192.0.2.1 8080', 'HTTP6 2001:db8::1 8080'],
    ...['UDP4 192.0.2.1 6969', 'UDP6 2001:db8::1 6969', 'UDP4 192.0.2.1 1337', 'UDP6 2001:db8::1 1337'],
  ]);
  assert.deepEqual(plan({ host: ['192.0.2.1', '192.0.2.2'], ipv6: true, httpPort: 0 }), [
    ...['UDP4 192.0.2.1 6969', 'UDP4 192.0.2.2 6969', 'UDP6 :: 6969'],
  ]);
  const acme = { acmeDomain: ['a.example'], httpsPort: [443, 8443], udpPort: 0 } as const;
  assert.deepEqual(plan({ ...acme, httpPort: [8080, 80] }), [
    ...['HTTP4 0.0.0.0 8080', 'HTTP4 0.0.0.0 80', 'HTTPS4 0.0.0.0 443', 'HTTPS4 0.0.0.0 8443'],
  ]);
});

test('port 0 disables a protocol, any leaves the choice to the system', () => {
  assert.deepEqual(plan({ httpPort: 0, udpPort: 'any' }), ['UDP4 0.0.0.0 0']);
});

test('without any listener the tracker cannot start', () => {
  assert.throws(() => plan({ httpPort: 0, udpPort: 0 }), StartError);
});

test('a refused socket is one line that names protocol, address and reason', () => {
  const planned = { protocol: 'UDP', family: 6, address: '::', port: 6969 } as const;
  const refused = (code: string) =>
    listenError(planned, Object.assign(new Error('bind failed'), { code })).message;
  assert.equal(refused('EADDRINUSE'), 'cannot listen on [::]:6969 (UDP): the port is in use');
  assert.match(refused('EACCES'), /no permission/);
  assert.equal(refused('EWEIRD'), 'cannot listen on [::]:6969 (UDP): bind failed');
});
