// Man pages and completions follow from the option tables, and the bash completion does what it says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { options } from '../../src/query/command/options.ts';
import { runQuery } from './run-query.ts';

test('the man pages and completions in the repository are in step with both option tables', () => {
  const script = fileURLToPath(new URL('../../../scripts/write-manuals.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`the ${shell} completion names every option`, async () => {
    const { code, stdout } = await runQuery(['completion', shell]);
    assert.equal(code, 0);
    for (const { long } of options) assert.ok(stdout.includes(long), long);
    assert.ok(stdout.includes('doctor'));
  });
}

test('a completion for an unknown shell is a usage error', async () => {
  const { code, stderr } = await runQuery(['completion', 'csh']);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh and fish/);
});

function complete(script: string, words: string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const call = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _tracker_query; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['-c', `${script}\n${call}`], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes options, their values and the options of sub-commands', async () => {
  const { stdout: script } = await runQuery(['completion', 'bash']);
  assert.deepEqual(complete(script, ['tracker-query', '--tr']), ['--tracker']);
  assert.deepEqual(complete(script, ['tracker-query', '-e', 'st']), ['started', 'stopped']);
  assert.deepEqual(complete(script, ['tracker-query', 'doc']), ['doctor']);
  assert.deepEqual(complete(script, ['tracker-query', 'doctor', '--st']), ['--strict']);
  assert.deepEqual(complete(script, ['tracker-query', '--st']), []);
  assert.deepEqual(complete(script, ['tracker-query', 'completion', 'z']), ['zsh']);
  assert.deepEqual(complete(script, ['tracker-query', '-t', '']), []);
});
