// Checks that renewed certificate files come into use however they are put in place, and bad ones do not.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Certificate } from '../../../src/server/certificates/certificate.ts';
import { CertificateFiles, loadCertificate } from '../../../src/server/certificates/certificate-files.ts';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { StartError } from '../../../src/server/start-error.ts';
import { TestAuthority, type TestCertificate } from '../../certificates.ts';

const checkEveryMs = 20;
let authority: TestAuthority;
let first: TestCertificate;
let second: TestCertificate;
before(() => {
  authority = new TestAuthority();
  first = authority.issue();
  second = authority.issue();
});
after(() => authority.close());

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(authority.directory, 'files-'));
});

function write(where: string, { chain, key }: { chain: string; key: string }): void {
  mkdirSync(where, { recursive: true });
  writeFileSync(join(where, 'fullchain.pem'), chain);
  writeFileSync(join(where, 'privkey.pem'), key);
}

const pathsIn = (where: string) => ({ cert: join(where, 'fullchain.pem'), key: join(where, 'privkey.pem') });

function follow(t: { after(f: () => void): void }, where: string, everyMs = checkEveryMs) {
  const lines: string[] = [];
  const log = new Log(
    { write: (line) => lines.push(line) },
    { format: 'json', verbose: false, style: plainStyle },
  );
  const files = new CertificateFiles(pathsIn(where), log, everyMs);
  const taken: Certificate[] = [];
  files.follow((certificate) => taken.push(certificate));
  t.after(() => {
    files.close();
    log.close();
  });
  return { files, taken, lines };
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (let i = 0; !done(); i++) {
    if (i === 200) throw new Error(`${what}: not within 2 s`);
    await pause(10);
  }
}

describe('the certificate in files', () => {
  test('cannot be used when unreadable or bad', () => {
    const paths = pathsIn(directory);
    const message = (pattern: RegExp) => (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, pattern);
      return true;
    };
    assert.throws(
      () => loadCertificate(paths),
      message(/cannot read --cert .*fullchain.pem: there is no such/),
    );
    writeFileSync(paths.cert, first.chain);
    assert.throws(() => loadCertificate(paths), message(/cannot read --key .*privkey.pem: there is no such/));
    writeFileSync(paths.key, second.key);
    assert.throws(() => loadCertificate(paths), message(/the key does not belong to the certificate/));
  });

  test('is taken up anew when the files are written over', async (t) => {
    write(directory, first);
    const { files, taken, lines } = follow(t, directory);
    await pause(3 * checkEveryMs);
    assert.equal(taken.length, 0);
    write(directory, second);
    await until('the new certificate', () => taken.length === 1);
    assert.equal(files.current.chain, second.chain);
    assert.match(lines.join(''), /localhost.*New certificate in use/);
  });

  test('is taken up when the directory or a symlink on the path is swapped', async (t) => {
    write(join(directory, 'a'), first);
    write(join(directory, 'b'), second);
    write(join(directory, 'c'), first);
    symlinkSync('a', join(directory, 'live'));
    const { files, taken } = follow(t, join(directory, 'live'));
    symlinkSync('b', join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'live'));
    await until('the second certificate', () => taken.length === 1);
    renameSync(join(directory, 'b'), join(directory, 'old'));
    renameSync(join(directory, 'c'), join(directory, 'b'));
    await until('the first certificate again', () => taken.length === 2);
    assert.equal(files.current.chain, first.chain);
  });

  test('stays when the new pair does not fit, which is said once', async (t) => {
    write(directory, first);
    const { files, taken, lines } = follow(t, directory);
    writeFileSync(pathsIn(directory).cert, second.chain);
    await until('the complaint', () => lines.length > 0);
    await pause(5 * checkEveryMs);
    assert.equal(taken.length, 0);
    assert.equal(files.current.chain, first.chain);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /does not belong to the certificate; the old certificate stays in use/);
    writeFileSync(pathsIn(directory).key, second.key);
    await until('the pair', () => taken.length === 1);
  });

  test('that does not fit is the answer of a reload', async (t) => {
    write(directory, first);
    const { files } = follow(t, directory);
    assert.equal(await files.reload(), undefined);
    writeFileSync(pathsIn(directory).cert, second.chain);
    assert.match(
      (await files.reload()) ?? '',
      /does not belong to the certificate; the old certificate stays/,
    );
    writeFileSync(pathsIn(directory).key, second.key);
    assert.equal(await files.reload(), undefined);
  });

  test('stays when the files go away, which is said once, and follows when they come back', async (t) => {
    write(directory, first);
    const { taken, lines } = follow(t, directory);
    rmSync(directory, { recursive: true });
    await until('the complaint', () => lines.length > 0);
    await pause(5 * checkEveryMs);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /there is no such file; the old certificate stays/);
    write(directory, second);
    await until('the new pair', () => taken.length === 1);
  });

  test('is looked at, and spoken of, at once when asked to reload', async (t) => {
    write(directory, first);
    const { files, taken, lines } = follow(t, directory, 3_600_000);
    await files.reload();
    assert.match(lines.at(-1)!, /has not changed/);
    write(directory, { chain: first.chain, key: second.key });
    await files.reload();
    assert.match(lines.at(-1)!, /old certificate stays in use/);
    write(directory, second);
    await files.reload();
    assert.equal(taken.length, 1);
  });
});
