import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LoadResult } from '../../bench/udp-load.ts';
import { fastPath } from '../net/fast-path.ts';

const program = (name: string) => fileURLToPath(new URL(`../../bench/${name}.js`, import.meta.url));

/** Starts the responder and returns its port. */
async function startResponder(test: TestContext): Promise<string> {
  const child = spawn(process.execPath, [program('udp-responder'), '--peers', '7']);
  test.after(() => child.kill());
  const [line] = (await once(child.stderr, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
  return /:(\d+)\n/.exec(line.toString())![1];
}

async function load(...options: string[]): Promise<LoadResult> {
  const bounds = ['--seconds', '0.3', '--warm-up', '0.1', '--fill-seconds', '0.5'];
  const small = ['--torrents', '50', '--peers', '500', '--sockets', '2'];
  const args = [program('udp-load'), ...bounds, ...small, ...options];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(10_000) })) as [number];
  assert.equal(code, 0);
  return JSON.parse(output) as LoadResult;
}

test(
  'the load generator asks in the promised mix, and every answer is counted as what it is',
  fastPath,
  async (test) => {
    const port = await startResponder(test);
    for (const how of [[], ['--no-segments']]) {
      const { counts, filled, meanPeers, p50Ms, p99Ms, answersPerSecond } = await load(
        '--port',
        port,
        ...how,
      );
      const answers = counts.announces + counts.connects + counts.scrapes;
      assert.ok(answersPerSecond > 1000, `${answersPerSecond}`);
      assert.equal(filled, 1);
      assert.equal(meanPeers, 7);
      assert.equal(counts.errors + counts.nonsense, 0);
      for (const [count, share] of [
        [counts.announces, 0.9],
        [counts.connects, 0.05],
        [counts.scrapes, 0.05],
      ] as const) {
        assert.ok(Math.abs(count / answers - share) < 0.02, `${count} of ${answers}`);
      }
      assert.ok(p50Ms > 0 && p50Ms <= p99Ms);
    }
  },
);

test('requests that nobody answers are lost and sent again, and the run ends', fastPath, async () => {
  const { counts, answersPerSecond, filled } = await load('--port', '1', '--time-out', '60');
  assert.equal(answersPerSecond, 0);
  assert.equal(filled, 0);
  assert.ok(counts.lost >= 2, `${counts.lost}`);
});
