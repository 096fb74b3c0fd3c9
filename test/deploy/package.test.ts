// The published package: what is in it, and that both programs run from the tarball as a user gets it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-package-'));
after(() => rmSync(directory, { recursive: true }));

function run(command: string, words: string[], cwd = directory): string {
  return execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the package', () => {
  // Without scripts: building anew would take the ground from under the tests that run beside this one.
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], root),
  ) as [{ filename: string; files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);

  test('holds the programs, the units and the documents, and nothing that only builds or tests', () => {
    for (const path of [
      'dist/src/server/main.js',
      'dist/src/query/main.js',
      'dist/src/server/listening/socket-worker.js',
      'deploy/install.sh',
      'deploy/tracker.service',
      'docs/tracker.example.toml',
      'LICENSE',
    ]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    const strays = paths.filter((path) =>
      /^(dist\/(test|bench)|src|test|bench|scripts|node_modules)\//.test(path),
    );
    assert.deepEqual(strays, []);
  });

  test('installs without install scripts, and both programs run from it', async (test) => {
    const project = join(directory, 'project');
    mkdirSync(project);
    run('npm', ['init', '--yes'], project);
    const tarball = join(directory, packed.filename);
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
    run('npm', ['install', ...quiet, tarball], project);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal(run('npx', ['tracker-server', '--version'], project), `tracker-server ${version}\n`);
    assert.match(run('npx', ['tracker-query', '--help'], project), /--tracker/);
    const words = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any'];
    const bin = join(project, 'node_modules', '.bin');
    const program = startProgram(join(bin, 'tracker-server'), words, { cwd: project });
    test.after(() => program.kill());
    await program.printed(/Tracker running/, 30_000);
    const [, port] = await program.printed(/HTTP tracker listening on 127\.0\.0\.1:(\d+)/);
    const asked = run(
      join(bin, 'tracker-query'),
      ['-t', `http://127.0.0.1:${port}/announce`, '-o', 'json'],
      project,
    );
    assert.equal((JSON.parse(asked) as { interval: number }).interval, 1800);
    program.signal('SIGTERM');
    assert.equal((await program.exit(15_000)).code, 0);
  });
});
