// Networks that are denied while the tracker runs, and what is shown of all that is denied.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseCidr } from '../../../src/protocol/cidr.ts';
import { AccessLists } from '../../../src/server/lists/access-lists.ts';
import { AddressList } from '../../../src/tracker/address-list.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-networks-'));
after(() => rmSync(directory, { recursive: true }));

const network = (text: string) => parseCidr(text)!;

async function load(name: string, text: string, more: string[] = []) {
  const path = join(directory, name);
  writeFileSync(path, text);
  const lists = (await AccessLists.load({
    allowList: undefined,
    denyList: undefined,
    allowClient: [],
    denyClient: [],
    denyIp: [...more, path],
  }))!;
  return { lists, path };
}

test('a network is within a list when all of it is', () => {
  const list = AddressList.create(['192.0.2.0/25', '198.51.100.0/24', '2001:db8::/32'].map(network));
  const within = (text: string) => list.includes(network(text));
  assert.deepEqual(
    [
      '192.0.2.0/25',
      '192.0.2.0/24',
      '192.0.2.127',
      '198.51.100.64/26',
      '2001:db8:1::/48',
      '2001:db8::/31',
      '::/0',
    ].map(within),
    [true, false, true, true, true, false, false],
  );
});

test('a network is denied and undenied in the file, again as often as one likes', async () => {
  const { lists, path } = await load('twice', '# by hand\n203.0.113.0/24 # a lab\n');
  assert.equal(await lists.denyNetwork(network('192.0.2.7/24')), true);
  for (const already of ['192.0.2.7/24', '192.0.2.9'])
    assert.equal(await lists.denyNetwork(network(already)), false);
  assert.equal(readFileSync(path, 'utf8').match(/192\.0\.2/g)?.length, 1);
  assert.deepEqual((await lists.denied(1)).networks, { count: 2, shown: ['203.0.113.0/24'] });
  for (let i = 0; i < 2; i++) await lists.undenyNetwork(network('192.0.2.0/24'));
  assert.match(readFileSync(path, 'utf8'), /^# by hand\n203\.0\.113\.0\/24 # a lab\n/);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /192/);
});

test('what stands elsewhere or around it cannot be undenied, which is said', async () => {
  const { lists } = await load('around', '10.0.0.0/8\n', ['192.0.2.0/24']);
  await assert.rejects(lists.undenyNetwork(network('192.0.2.0/24')), /stands in --deny-ip itself/);
  await assert.rejects(lists.undenyNetwork(network('10.1.0.0/16')), /lies in a larger network/);
});

test('nothing is written to a file with a bad line', async () => {
  const { lists, path } = await load('bad', '10.0.0.0/8\n');
  writeFileSync(path, '10.0.0.0/8\nnonsense\n');
  await assert.rejects(lists.denyNetwork(network('192.0.2.0/24')), /nonsense.*nothing was changed/);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /192/);
});
