// A takeover on all addresses: without socket workers UDP has a socket for each, with them one that serves all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fastPath } from '../../net/fast-path.ts';
import { startProgram } from '../../program.ts';
import { skipWithout } from '../../system-tools.ts';

const scene = fileURLToPath(new URL('./all-addresses-scene.js', import.meta.url));
const addresses = ['127.0.0.1', '10.99.0.1', '10.99.0.2', '::1'];
/** A second and a third address, and nobody who could come from outside. */
const prepare = 'ip link set lo up && ip addr add 10.99.0.1/32 dev lo && ip addr add 10.99.0.2/32 dev lo';

const skip =
  skipWithout('unshare', 'ip') ||
  fastPath.skip ||
  (spawnSync('unshare', ['-rn', 'true']).status === 0 ? false : 'may not make a network namespace');

test('trackers with and without socket workers take over from each other on every address', {
  skip,
  timeout: 180_000,
}, async (test) => {
  const script = `${prepare} && exec "$0" "$@"`;
  const words = ['-rn', 'sh', '-c', script, process.execPath, scene, ...addresses];
  const program = startProgram('unshare', words, { group: true });
  test.after(() => program.kill());
  const { code } = await program.exit(170_000);
  assert.equal(code, 0, program.describe(`ended with ${code}`));
  const seen = program.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const expected = [0, 2, 0, 0, 2].map((workers, n) => ({
    workers,
    ended: n === 0 ? null : 0,
    answered: addresses,
  }));
  assert.deepEqual(seen, expected);
});
