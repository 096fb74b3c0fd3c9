// What the kernel is told of a thread, and that nobody else's is touched.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fastPath } from './fast-path.ts';
import type { Turns } from './turning-thread.ts';

const program = fileURLToPath(new URL('./turning-thread.js', import.meta.url));

function turnsOf(...before: string[]): Turns {
  const [command, ...words] = [...before, process.execPath, program];
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Turns;
}

describe('turns of a thread', fastPath, () => {
  test('become short, then it stands back by ten, and the thread that started it does not', () => {
    const { short, stood, niceness, turns } = turnsOf();
    assert.deepEqual([short, stood, niceness], [true, true, [0, 10, 0]]);
    // Kernels before 6.12 take the wish and change nothing.
    if (turns[0] !== undefined && turns[1] !== turns[0]) assert.equal(turns[1], 100_000);
  });

  test('keep the niceness that the process was started with', () => {
    assert.deepEqual(turnsOf('nice', '-n', '5').niceness, [5, 15, 5]);
    assert.deepEqual(turnsOf('nice', '-n', '15').niceness, [15, 19, 15]);
  });

  test('stay as they are where an operator has chosen another policy', () => {
    const { short, stood, niceness } = turnsOf('chrt', '--batch', '0');
    assert.deepEqual([short, stood, niceness], [false, false, [0, 0, 0]]);
  });
});
