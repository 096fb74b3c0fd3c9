// The lines of Node.js that are promised, beside the one that runs these tests: starts, HTTP, HTTPS and UDP through threads and
// without, WebTorrent and a takeover, each with Node's own binary from npm.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notFetched, npmPackage } from './npm-package.ts';

/** The oldest promised one stands for its line: ^20.19 is what package.json wants. */
const lines = { 20: '^20.19', 22: '^22', 24: '^24', 26: '^26' };
const files = [
  'server/listening/several-ports.test.js',
  'server/listening/webtorrent.test.js',
  'transport/udp/udp-contract.test.js',
].map((file) => fileURLToPath(new URL(`../${file}`, import.meta.url)));

const own = Number(process.versions.node.split('.')[0]);
const skip = process.platform === 'linux' ? false : `npm's binaries of Node.js are tried on Linux`;

for (const [major, range] of Object.entries(lines)) {
  if (Number(major) === own) continue;
  test(`Node.js ${major} serves as this one does`, { skip }, (t) => {
    const name = `node-linux-${process.arch}`;
    const unpacked = npmPackage(name, range);
    if (unpacked === undefined) return t.skip(notFetched(`${name}@${range}`));
    const node = join(unpacked, 'bin/node');
    t.diagnostic(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim());
    // What tells this test's process of its own runner is not for theirs.
    const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(node, ['--test', '--test-reporter=tap', ...files], {
      encoding: 'utf8',
      env,
      timeout: 240_000,
    });
    assert.equal(status, 0, `${stdout.slice(-4000)}${stderr.slice(-2000)}`);
    const [, passed] = /^# pass (\d+)/m.exec(stdout) ?? [];
    const [, failed] = /^# fail (\d+)/m.exec(stdout) ?? [];
    t.diagnostic(`${passed} tests passed`);
    assert.ok(Number(passed) > 10 && failed === '0', stdout.slice(-1000));
    return undefined;
  });
}
