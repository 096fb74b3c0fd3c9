// The one command `caracal`: what its first word leads to, its help and completions, and a tracker that it starts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { caracalProgram } from '../src/caracal-program.ts';
import { formatCompletion } from '../src/cli/completion.ts';
import type { ProgramOption } from '../src/cli/program.ts';
import { startProgram } from './program.ts';

const caracal = fileURLToPath(new URL('../src/main.js', import.meta.url));

function run(...words: string[]) {
  return spawnSync(process.execPath, [caracal, ...words], { encoding: 'utf8', timeout: 60_000 });
}

test('without a command it is the tracker, which caracal query and caracal doctor ask', async (test) => {
  const words = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any', '--workers', '0'];
  const program = startProgram(process.execPath, [caracal, ...words]);
  test.after(() => program.kill());
  const [, port] = await program.printed(/UDP tracker listening on 127\.0\.0\.1:(\d+)/, 30_000);
  await program.printed(/Tracker running/);
  const asked = run('query', `udp://127.0.0.1:${port}/announce`, '-o', 'json');
  assert.equal(asked.status, 0, asked.stderr);
  assert.equal((JSON.parse(asked.stdout) as { interval: number }).interval, 1800);
  const examined = run('doctor', `udp://127.0.0.1:${port}/announce`, '-o', 'json');
  assert.ok((JSON.parse(examined.stdout) as { findings: unknown[] }).findings.length > 5, examined.stderr);
  program.signal('SIGTERM');
  assert.equal((await program.exit(15_000)).code, 0);
});

test('its help names its commands, and each has one that calls it as it was called', () => {
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  for (const { name } of caracalProgram.commands) assert.match(stdout, new RegExp(`^  ${name}\\b`, 'm'));
  assert.match(stdout, /^ {2}--udp-port <PORT>/m);
  assert.match(run('query', '--help').stdout, /^Usage: caracal query URL[\s\S]*caracal query doctor/);
  assert.match(run('doctor', '--help').stdout, /^Usage: caracal doctor /);
  assert.match(run('import', '--help').stdout, /^Usage: caracal import --from/);
  assert.match(run('status', '--help').stdout, /^Usage: caracal status/);
  assert.doesNotMatch(stdout + run('query', '--help').stdout, /tracker-(?:server|query) /);
});

test('help is understood as a word too, with a command behind it, under every name', () => {
  for (const words of [[], ['tracker'], ['help'], ['--help']])
    assert.equal(run('help', ...words).stdout, run('--help').stdout, words[0]);
  for (const name of ['query', 'doctor', 'import', 'status', 'swarm', 'completion'])
    assert.equal(run('help', name).stdout, run(name, '--help').stdout, name);
  assert.equal(run('query', 'help', 'doctor').stdout, run('query', 'doctor', '--help').stdout);
  assert.equal(run('help', 'frob').status, 2);
  assert.equal(run('help', 'frob').stderr, "caracal: unexpected word 'frob'\n");
});

test('no help shows how the program writes something down', () => {
  const texts = [[], ['query'], ['doctor'], ['import'], ['completion'], ['status'], ['deny']].map(
    (words) => run(...words, '--help').stdout,
  );
  for (const text of texts) {
    assert.match(text, /^Usage: caracal/);
    assert.doesNotMatch(text, /\[\]|<\[|undefined|null|\[object/, text);
    // What stands for a word is in capitals, in usage and list alike.
    assert.doesNotMatch(text, /<[a-z]/, text);
  }
  assert.match(texts[0], /^ {2}doctor URL\|HOST {2}/m);
  assert.match(texts[0], /^ {2}deny \[HASH\|CIDR\] {2}/m);
  assert.match(texts[2], /^Usage: caracal doctor URL\|HOST \[options\]$/m);
  // The doctor takes one torrent, and no list of trackers, and reports in no columns.
  assert.doesNotMatch(texts[2], /repeatable|without -t|csv/);
});

test('a word that is none of its commands is refused with the one that was meant', () => {
  const { status, stderr } = run('docter');
  assert.equal(status, 2);
  assert.equal(stderr, "caracal: unknown command 'docter' (did you mean doctor?)\n");
  for (const [word, meant] of [
    ['start', 'caracal without a command starts the tracker'],
    ['version', 'did you mean --version?'],
    ['udp://127.0.0.1:1', 'did you mean caracal query udp://127.0.0.1:1?'],
  ])
    assert.equal(run(word).stderr, `caracal: unexpected word '${word}' (${meant})\n`);
  assert.equal(run('-V').stderr, "caracal: unknown option '-V' (did you mean --version?)\n");
  assert.equal(run('--frob').stderr, "caracal: unknown option '--frob'\n");
  assert.match(run('completion', 'csh').stderr, /bash, zsh and fish/);
});

test('what it says to type can be typed where only caracal is at hand', () => {
  const { stdout } = run('query', 'udp://127.0.0.1:1', '--timeout', '2');
  assert.match(stdout, /^caracal query doctor udp:\/\/127\.0\.0\.1:1 {2}says why$/m);
});

test('no option of one command is completed as one of another', () => {
  const seen = new Map<string, ProgramOption>();
  for (const option of [
    ...caracalProgram.options,
    ...caracalProgram.commands.flatMap(({ options }) => options),
  ]) {
    for (const flag of [`--${option.long}`, ...(option.short === undefined ? [] : [`-${option.short}`])]) {
      const earlier = seen.get(flag) ?? option;
      seen.set(flag, earlier);
      // The bash completion looks at the flag alone.
      assert.equal(option.value === undefined, earlier.value === undefined, flag);
      assert.equal(Boolean(option.file), Boolean(earlier.file), flag);
      assert.equal(option.choices === undefined, earlier.choices === undefined, flag);
      for (const choice of option.choices ?? []) assert.ok(earlier.choices?.includes(choice), flag);
    }
  }
});

test('bash completes its commands, their options and the files of an import', () => {
  const script = formatCompletion('bash', caracalProgram);
  const complete = (...words: string[]) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const call = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _caracal; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync('bash', ['-c', `cd /; ${script}\n${call}`], { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(complete('caracal', 'imp'), ['import']);
  assert.deepEqual(complete('caracal', '--udp'), ['--udp-port']);
  assert.deepEqual(complete('caracal', 'query', '--tr'), ['--tracker']);
  assert.deepEqual(complete('caracal', 'import', '--from', 'ch'), ['chihaya']);
  assert.deepEqual(complete('caracal', 'import', '--from', 'chihaya', 'et'), ['etc']);
  assert.deepEqual(complete('caracal', 'import', '--fo'), ['--force']);
  assert.deepEqual(complete('caracal', 'completion', 'z'), ['zsh']);
});
