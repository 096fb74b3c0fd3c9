// Checks when the tracker says that its peers' addresses cannot be their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeIpWords, parseIp } from '../../../src/protocol/ip-address.ts';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { SharedAddress } from '../../../src/server/upkeep/shared-address.ts';
import { SwarmStore } from '../../../src/swarm/swarm-store.ts';
import { Announce } from '../../../src/tracker/announce.ts';

/** What is logged at each of `looks` looks over a store with these peers. */
function warnings(peers: [address: string, count: number][], looks = 1): string[][] {
  const hashKey = new Int32Array([1, 2, 3, 4]);
  const store = SwarmStore.create({ memoryLimit: 2 ** 25, hashKey, peerTtl: 3600 }, 1);
  const announce = new Announce();
  announce.out = new Uint16Array(1000);
  let port = 1000;
  for (const [address, count] of peers) {
    for (let i = 0; i < count; i++) {
      announce.infoHash = new Int32Array([i % 7, 1, 1, 1, 1]);
      announce.peerId = new Int32Array(5);
      announce.address = new Int32Array(4);
      announce.family = encodeIpWords(parseIp(address)!, announce.address);
      announce.port = ++port;
      assert.ok(store.announce(announce, 0, 1000));
    }
  }
  const lines: string[] = [];
  const log = new Log(
    { write: (line) => lines.push(line) },
    { format: 'text', verbose: false, style: plainStyle },
  );
  const checker = new SharedAddress(store.walk(), log, 1000);
  const said = Array.from({ length: looks }, () => {
    checker.check();
    return lines.splice(0);
  });
  log.close();
  return said;
}

test('nearly all peers behind one private address are warned of, with the address', () => {
  for (const address of ['172.17.0.1', '127.0.0.1', 'fd00::1']) {
    const [lines] = warnings([
      [address, 97],
      ['192.0.2.1', 3],
    ]);
    assert.equal(lines.length, 1);
    assert.ok(lines[0].includes(`seem to have the address ${address},`), lines[0]);
    assert.ok(lines[0].includes(`--trusted-proxy ${address}`));
  }
});

test('a few peers, a mixed swarm and one public address are not', () => {
  assert.deepEqual(warnings([['172.17.0.1', 19]]), [[]]);
  assert.deepEqual(warnings([['192.0.2.1', 200]]), [[]]);
  assert.deepEqual(
    warnings([
      ['172.17.0.1', 80],
      ['192.0.2.1', 20],
    ]),
    [[]],
  );
  assert.deepEqual(
    warnings([
      ['10.0.0.1', 50],
      ['10.0.0.2', 50],
    ]),
    [[]],
  );
});

test('the warning comes back every ten minutes as long as it holds', () => {
  const said = warnings([['172.17.0.1', 100]], 21).map((lines) => lines.length);
  assert.deepEqual(said, [1, ...Array(9).fill(0), 1, ...Array(9).fill(0), 1]);
});
