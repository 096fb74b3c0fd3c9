// Who else could put files into the data directory, or has: refused, or told of.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AcmeStore } from '../../../src/server/certificates/acme-store.ts';
import { loadConnectionKeys } from '../../../src/server/storage/connection-keys.ts';
import { checkDataDirectory, openDataDirectory } from '../../../src/server/storage/data-directory.ts';
import { readPrivateFile, writePrivateFile } from '../../../src/server/storage/private-file.ts';
import { loadSwarmKey } from '../../../src/server/storage/swarm-key.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-whose-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const isRoot = process.geteuid?.() === 0;
const quiet = () => assert.fail();

function directory(mode = 0o700): string {
  const path = join(root, String(++count));
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test('a data directory that everybody can write to is refused, by start and check alike', () => {
  for (const attempt of [openDataDirectory, checkDataDirectory])
    assert.throws(() => attempt(directory(0o1777), quiet), /can be written by everybody.*chmod o-w/);
});

test('one that its group can write to is told of, and those of the guide are not', () => {
  const told: string[] = [];
  openDataDirectory(directory(0o770), (message) => told.push(message));
  assert.match(told.join(), /by its group; chmod 750/);
  for (const mode of [0o700, 0o750, 0o755]) openDataDirectory(directory(mode), quiet);
  const link = join(root, 'link');
  symlinkSync(directory(), link);
  openDataDirectory(link, quiet);
});

test('one of another user is told of', { skip: !isRoot && 'only root can give a directory away' }, () => {
  const path = directory();
  chownSync(path, 12_345, 12_345);
  const told: string[] = [];
  openDataDirectory(path, (message) => told.push(message));
  assert.match(told.join(), /belongs to another user \(uid 12345\)/);
  told.length = 0;
  checkDataDirectory(path, (message) => told.push(message), true);
  assert.deepEqual(told, [], '--check by root, for a service that runs as another user');
  // What the owner of the directory keeps there is what one would expect there.
  writePrivateFile(join(path, 'a.key'), Buffer.from('abcd'));
  chownSync(join(path, 'a.key'), 12_345, 12_345);
  assert.equal(readPrivateFile(join(path, 'a.key'), 4, quiet)?.contents.length, 4);
});

test("a secret that is a link, or no file, or another user's is not used", () => {
  const real = join(root, 'real.key');
  writeFileSync(real, Buffer.alloc(32), { mode: 0o600 });
  const now = Date.now() / 1000;
  for (const [name, load] of [
    ['connection-id.key', (path: string) => loadConnectionKeys(path, now, quiet)],
    ['swarm-store.key', (path: string) => loadSwarmKey(path, quiet)],
  ] as const) {
    const linked = directory();
    symlinkSync(real, join(linked, name));
    assert.throws(() => load(linked), /is a symbolic link/);
    const folder = directory();
    mkdirSync(join(folder, name));
    assert.throws(() => load(folder), /is not a regular file/);
    if (!isRoot) continue;
    const foreign = directory();
    writeFileSync(join(foreign, name), Buffer.alloc(32), { mode: 0o600 });
    chownSync(join(foreign, name), 12_345, 12_345);
    assert.throws(() => load(foreign), /belongs to another user \(uid 12345\)/);
  }
});

test('links in the place of ACME accounts and certificates are not followed', () => {
  const authority = 'https://acme.test/directory';
  const elsewhere = directory();
  for (const link of ['acme', join('acme', 'acme.test')]) {
    const path = directory();
    if (link !== 'acme') mkdirSync(join(path, 'acme'));
    symlinkSync(elsewhere, join(path, link));
    assert.throws(() => new AcmeStore(path, authority), /is a symbolic link/);
  }
  const path = directory();
  const store = new AcmeStore(path, authority);
  const key = store.accountKey();
  assert.equal(store.accountKey(), key);
  rmSync(join(path, 'acme', 'acme.test', 'account.key'));
  symlinkSync(join(root, 'real.key'), join(path, 'acme', 'acme.test', 'account.key'));
  assert.throws(() => store.accountKey(), /is a symbolic link/);
});
