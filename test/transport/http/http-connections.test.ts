// Checks the caps on connections with made-up sockets, so that they can come from public addresses.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { parseCidr } from '../../../src/protocol/cidr.ts';
import { HttpConnections } from '../../../src/transport/http/http-connections.ts';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined;
  /** As Node's: no descriptor. */
  readonly _handle = { fd: -1 };
  reset = false;
  ended = false;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  resetAndDestroy(): void {
    this.reset = true;
  }

  destroy(): void {
    this.ended = true;
    setImmediate(() => this.emit('close'));
  }
}

function connections(max: number, maxPerAddress: number) {
  const counters = new HttpCounters();
  const trustedProxies = [parseCidr('198.51.100.0/24')!];
  const open = new HttpConnections({ max, maxPerAddress, trustedProxies });
  const connect = (address: string | undefined) => {
    const socket = new FakeSocket(address);
    open.admit(socket as unknown as Socket, counters);
    return socket;
  };
  return { counters, open, connect };
}

test('one IPv4 address has so many connections and no more, until one ends', () => {
  const { connect, counters } = connections(100, 2);
  const first = connect('192.0.2.1');
  assert.equal(connect('::ffff:192.0.2.1').reset, false);
  assert.equal(connect('192.0.2.1').reset, true);
  assert.equal(connect('192.0.2.2').reset, false);
  first.emit('close');
  assert.equal(connect('192.0.2.1').reset, false);
  assert.deepEqual(
    [counters.connectionsOpen, counters.connectionsOpened, counters.connectionsRefused],
    [3, 4, 1],
  );
});

test('one IPv6 /64 counts as one address', () => {
  const { connect } = connections(100, 1);
  assert.equal(connect('2001:db8:1:2::1').reset, false);
  assert.equal(connect('2001:db8:1:2:ffff::9').reset, true);
  assert.equal(connect('2001:db8:1:3::1').reset, false);
});

test('private addresses and trusted proxies are capped only in all', () => {
  const { connect, counters } = connections(5, 1);
  for (const address of ['10.0.0.1', '10.0.0.1', '198.51.100.7', '198.51.100.7', 'fe80::1%eth0']) {
    assert.equal(connect(address).reset, false, address);
  }
  assert.equal(counters.connectionsShed, 0);
  connect('10.0.0.2');
  assert.equal(counters.connectionsShed, 1);
});

test('when all places are taken, the connection that has asked nothing for longest ends', async () => {
  const { connect, counters, open } = connections(3, 3);
  const [first, second, third] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(connect) as FakeSocket[];
  open.renew(open.get(first!)!);
  const fourth = connect('192.0.2.4');
  assert.deepEqual([first.ended, second.ended, third.ended, fourth.reset], [false, true, false, false]);
  // Counted out at once, and not again when its end is heard of.
  assert.equal(counters.connectionsOpen, 3);
  await new Promise(setImmediate);
  assert.deepEqual(
    [counters.connectionsOpen, counters.connectionsShed, counters.connectionsRefused],
    [3, 1, 0],
  );
  connect('192.0.2.5');
  assert.deepEqual([first.ended, third.ended], [false, true]);
  // One that has ended may still be told of; it takes nobody's place.
  open.renew(open.get(second!)!);
  connect('192.0.2.6');
  connect('192.0.2.7');
  assert.deepEqual([first.ended, fourth.ended, counters.connectionsOpen], [true, true, 3]);
});

test('a connection that is being sent a long answer makes no room', () => {
  const { connect, counters, open } = connections(2, 2);
  const [first, second] = ['192.0.2.1', '192.0.2.2'].map(connect) as FakeSocket[];
  open.get(first!)!.streams = 1;
  connect('192.0.2.3');
  assert.deepEqual([first.ended, second!.ended], [false, true]);
  open.get(connect('192.0.2.4'))!.streams = 1;
  assert.equal(connect('192.0.2.5').reset, true, 'nobody can make room');
  assert.deepEqual([counters.connectionsOpen, counters.connectionsRefused], [2, 1]);
});

test('an address over its own cap pushes out nobody', () => {
  const { connect, counters } = connections(2, 1);
  connect('192.0.2.1');
  const second = connect('192.0.2.2');
  assert.equal(connect('192.0.2.2').reset, true);
  assert.deepEqual([second.ended, counters.connectionsShed], [false, 0]);
});

test('a connection that has gone before it is looked at is not counted', () => {
  const { connect, counters } = connections(5, 1);
  assert.equal(connect(undefined).reset, true);
  assert.equal(counters.connectionsOpen, 0);
});

test('a connection knows its address and whether a proxy is behind it', () => {
  const { connect, open } = connections(5, 1);
  assert.deepEqual(open.get(connect('192.0.2.1'))?.proxied, false);
  assert.deepEqual(open.get(connect('198.51.100.1'))?.proxied, true);
  assert.equal(open.get(connect('192.0.2.1')), undefined, 'refused ones are not known');
});
