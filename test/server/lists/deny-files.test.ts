// The lists of a node of a cluster: those that it was given, and with them what is denied in the cluster.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCidr } from '../../../src/protocol/cidr.ts';
import { AccessLists } from '../../../src/server/lists/access-lists.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { Access } from '../../../src/tracker/access.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

const hex = (n: number) => n.toString(16).padStart(40, '0');
const wordsOf = (n: number) => new Int32Array(Uint8Array.from(Buffer.from(hex(n), 'hex')).buffer);
const network = parseCidr('192.0.2.0/24')!;

async function open(dataDir: string | undefined, changes: object = {}) {
  const cluster = 'redis://127.0.0.1:1';
  const lists = await AccessLists.load(defaultConfiguration({ cluster, dataDir, ...changes }));
  const denies = (n: number) => !new Access(lists.memory).allowsTorrent(wordsOf(n), 0);
  return { lists, denies };
}

test('a node that was given no list writes down what is denied beside its data, and reads it again', async () => {
  const directory = temporaryDirectory('denied');
  const shared = join(directory, 'cluster.denied-torrents');
  const { lists, denies } = await open(directory);
  assert.ok(lists.canDeny && lists.canDenyNetworks && !existsSync(shared));
  assert.deepEqual((await lists.denied(10)).infoHashes, { count: 0, shown: [] });
  await lists.undeny(hex(1));
  await lists.deny(hex(1));
  await lists.denyNetwork(network);
  assert.ok(denies(1) && !denies(2));
  assert.equal(lists.torrentsPlace, shared);
  assert.equal(lists.networksPlace, join(directory, 'cluster.denied-networks'));
  const again = await open(directory);
  assert.ok(again.denies(1));
  assert.equal(again.lists.memory.deniedAddresses !== undefined, true);
  await again.lists.undenyNetwork(network);
  await again.lists.undeny(hex(1));
  assert.ok(!again.denies(1));
  assert.doesNotMatch(readFileSync(shared, 'utf8'), /[0-9a-f]/);
});

test('one that is given a list later goes by both, and what is allowed again leaves both', async () => {
  const directory = temporaryDirectory('denied');
  await (await open(directory)).lists.deny(hex(1));
  const denyList = join(directory, 'own');
  writeFileSync(denyList, `${hex(2)}\n`);
  const { lists, denies } = await open(directory, { denyList });
  assert.ok(denies(1) && denies(2));
  assert.equal((await lists.denied(10)).infoHashes.count, 2);
  await lists.deny(hex(3));
  assert.match(readFileSync(denyList, 'utf8'), new RegExp(hex(3)));
  assert.equal(lists.torrentsPlace, '--deny-list');
  await lists.undeny(hex(1));
  assert.ok(!denies(1) && denies(2) && denies(3));
});

test('a list that was named has to be there; without a cluster, or a data directory, there is no other', async () => {
  const directory = temporaryDirectory('denied');
  await assert.rejects(
    open(directory, { denyList: join(directory, 'nowhere') }),
    /--deny-list cannot be read/,
  );
  for (const { lists } of [await open(undefined), await open(directory, { cluster: undefined })])
    assert.ok(lists.isEmpty && !lists.canDeny && !lists.canDenyNetworks);
});
