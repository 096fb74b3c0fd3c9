// A tracker that is told to end does, whatever stands in its way, and says by its exit code whether all is saved.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const preload = (name: string) => ['--import', fileURLToPath(new URL(`./${name}.js`, import.meta.url))];

/** @param node what Node is given before the program */
async function started(test: TestContext, node: readonly string[] = []) {
  const dataDir = mkdtempSync(join(tmpdir(), 'caracal-end-'));
  const program = startProgram(process.execPath, [
    ...[...node, mainScript, '--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any'],
    ...['--workers', '1', '--memory-limit', '16MiB', '--data-dir', dataDir],
  ]);
  test.after(async () => {
    await program.kill();
    rmSync(dataDir, { recursive: true });
  });
  await program.printed(/Tracker running/, 60_000);
  return { program, dataDir };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: where the last snapshot cannot be written the exit code is 1, and a line says what is lost`, async (test) => {
    const { program, dataDir } = await started(test);
    mkdirSync(join(dataDir, 'swarms.snapshot.new'));
    program.signal(signal);
    assert.deepEqual(await program.exit(20_000), { code: 1, signal: null });
    assert.match(
      program.stdout,
      /the last snapshot could not be saved in .*EISDIR.* what came later is lost/,
    );
  });
}

test('a save that stands still does not keep the tracker from hearing that it is to end at once', async (test) => {
  const { program } = await started(test, preload('held-shard'));
  program.signal('SIGTERM');
  await program.printed(/Shutting down/);
  await pause(1500);
  assert.ok(program.running, program.describe('ended'));
  program.signal('SIGTERM');
  assert.deepEqual(await program.exit(10_000), { code: 1, signal: null });
});

test('a part that never ends costs ten seconds and no peer', async (test) => {
  const { program } = await started(test, preload('endless-part'));
  program.signal('SIGTERM');
  assert.deepEqual(await program.exit(30_000), { code: 0, signal: null });
  assert.match(program.stdout, /some requests did not end in time[\s\S]*Saved 0 peers/);
});
